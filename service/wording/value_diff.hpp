// One changed attribute as lines of a diff: signs in column 0, since forges colour by it. What is
// long is made small: texts line by line, JSON inside strings by its members, lists by their
// elements.
#pragma once
#include <string>
#include <vector>

#include "service/model/plan.hpp"

namespace slipway {

// Appends at most `line_limit` lines, the last of which says how many were left out. `width`: of
// the labels.
void add_attribute_lines(std::vector<std::string>& out, const AttributeChange& change,
                         std::size_t width, std::size_t line_limit);
std::size_t label_width(const std::vector<AttributeChange>& changes);

}  // namespace slipway
