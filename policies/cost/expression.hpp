// The small language of type files, parsed once: attributes, numbers, texts in single quotes,
// + - * /, comparisons, and, or, not, `a ?? b` (b where a is not said), and calls of a fixed list
// of functions. policies/cost/README.md describes it for authors.
#pragma once
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "policies/cost/value.hpp"
#include "service/base/result.hpp"

namespace slipway::cost {

struct Expression {
    enum class Kind {
        null,
        boolean,
        number,
        text,
        name,    // the beginning of a path
        member,  // arguments[0].text
        index,   // arguments[0][arguments[1]]
        call,    // text(arguments…)
        unary,   // text is "not" or "-"
        binary,  // `binary` is the operator
    };
    enum class Binary {
        choice,
        either,
        both,
        equal,
        unequal,
        below,
        at_most,
        above,
        at_least,
        plus,
        minus,
        times,
        over
    };
    Kind kind = Kind::null;
    Binary binary = Binary::choice;
    std::string text;
    Value value;  // of a literal
    std::vector<Expression> arguments;

    bool is_literal() const { return kind <= Kind::text; }
    bool is_path() const {
        return kind == Kind::name || kind == Kind::member || kind == Kind::index;
    }
};

// The error says what is wrong and at which character.
Result<Expression> parse_expression(std::string_view text);

Expression literal(std::string text);

// A path as it is written: "ebs_block_device[0].volume_size".
std::string spelled(const Expression& path);
// Whether it leads into the usage file.
bool is_usage_path(const Expression& path);

// Text with expressions in it: "Instance usage (${os}, ${instance_type})". One that is an
// expression and nothing else keeps the kind of its value.
struct Template {
    struct Piece {
        std::string text;  // where it is no expression
        std::shared_ptr<const Expression> expression;
    };
    std::vector<Piece> pieces;
};
Result<Template> parse_template(std::string_view text);

// The names that paths begin with, and usage keys ("monthly_requests", "standard.storage_gb").
void collect_names(const Expression& expression, std::set<std::string>& names,
                   std::set<std::string>& usage_keys);

}  // namespace slipway::cost
