// Every place of a plan document where values stand, each with the marks that say which of them are
// sensitive: they lie beside the values, as trees of the same shape.
#pragma once
#include <functional>
#include <string_view>

#include "service/base/json.hpp"

namespace slipway {

// The marks below a member or element. Where marks and value have different shapes, all is marked.
const Json& marks_below(const Json& marks, const Json& value, std::string_view member);
const Json& marks_below(const Json& marks, const Json& value, std::size_t index);
inline bool is_marked(const Json& marks) { return marks.bool_or(false); }

// Called with a value and the marks that go with it; may change the value.
using Visit = std::function<void(Json& value, const Json& marks)>;
void visit_document(Json& document, const Visit& visit);

}  // namespace slipway
