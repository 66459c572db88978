#include "policies/cost/expression.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace slipway::cost {

namespace {

using Kind = Expression::Kind;
using Binary = Expression::Binary;

constexpr int depth_limit = 50;

bool starts_name(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_'; }
bool continues_name(char c) {
    return starts_name(c) || std::isdigit(static_cast<unsigned char>(c));
}

struct Operator {
    std::string_view text;
    Expression::Binary meaning;
};

struct SyntaxError {
    std::string message;
};

// Recursive descent, one function per rank of operators, the loosest first.
class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text) {}

    Expression parse() {
        auto out = disjunction();
        skip_space();
        if (at_ != text_.size()) fail("unexpected `" + std::string(text_.substr(at_, 1)) + "`");
        return out;
    }

  private:
    [[noreturn]] void fail(const std::string& what) const {
        throw SyntaxError{what + " at character " + std::to_string(at_ + 1)};
    }

    void skip_space() {
        while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    }

    // A word is taken only whole: `order` does not begin with `or`.
    bool take(std::string_view token) {
        skip_space();
        if (!text_.substr(at_).starts_with(token)) return false;
        const auto end = at_ + token.size();
        if (starts_name(token[0]) && end < text_.size() && continues_name(text_[end])) return false;
        at_ = end;
        return true;
    }

    static Expression binary(Binary op, Expression left, Expression right) {
        Expression out;
        out.kind = Kind::binary;
        out.binary = op;
        out.arguments.push_back(std::move(left));
        out.arguments.push_back(std::move(right));
        return out;
    }

    template <std::size_t N, class Next>
    Expression chain(const std::array<Operator, N>& operators, Next next) {
        auto left = next();
        for (;;) {
            const auto* found = std::find_if(operators.begin(), operators.end(),
                                             [&](const auto& op) { return take(op.text); });
            if (found == operators.end()) return left;
            left = binary(found->meaning, std::move(left), next());
        }
    }

    Expression disjunction() {
        if (++depth_ > depth_limit) fail("too deeply nested");
        auto out = chain(std::array<Operator, 1>{{{"or", Binary::either}}},
                         [this] { return conjunction(); });
        --depth_;
        return out;
    }
    Expression conjunction() {
        return chain(std::array<Operator, 1>{{{"and", Binary::both}}},
                     [this] { return negation(); });
    }
    Expression negation() {
        if (!take("not")) return comparison();
        Expression out;
        out.kind = Kind::unary;
        out.text = "not";
        out.arguments.push_back(comparison());
        return out;
    }
    Expression comparison() {
        auto left = sum();
        static constexpr std::array<Operator, 6> operators{{{"==", Binary::equal},
                                                            {"!=", Binary::unequal},
                                                            {"<=", Binary::at_most},
                                                            {">=", Binary::at_least},
                                                            {"<", Binary::below},
                                                            {">", Binary::above}}};
        for (const auto& op : operators)
            if (take(op.text)) return binary(op.meaning, std::move(left), sum());
        return left;
    }
    Expression sum() {
        return chain(std::array<Operator, 2>{{{"+", Binary::plus}, {"-", Binary::minus}}},
                     [this] { return product(); });
    }
    Expression product() {
        return chain(std::array<Operator, 2>{{{"*", Binary::times}, {"/", Binary::over}}},
                     [this] { return choice(); });
    }
    Expression choice() {
        return chain(std::array<Operator, 1>{{{"??", Binary::choice}}}, [this] { return path(); });
    }

    Expression path() {
        auto out = primary();
        for (;;) {
            if (at_ < text_.size() && text_[at_] == '.') {
                ++at_;
                Expression outer;
                outer.kind = Kind::member;
                outer.text = name();
                outer.arguments.push_back(std::move(out));
                out = std::move(outer);
            } else if (at_ < text_.size() && text_[at_] == '[') {
                ++at_;
                Expression outer;
                outer.kind = Kind::index;
                outer.arguments.push_back(std::move(out));
                outer.arguments.push_back(disjunction());
                if (!take("]")) fail("`]` is missing");
                out = std::move(outer);
            } else {
                return out;
            }
        }
    }

    std::string name() {
        const auto start = at_;
        while (at_ < text_.size() && continues_name(text_[at_])) ++at_;
        if (start == at_) fail("a name is missing");
        return std::string(text_.substr(start, at_ - start));
    }

    Expression primary() {
        skip_space();
        if (at_ == text_.size()) fail("something is missing at the end");
        const char c = text_[at_];
        if (take("(")) {
            auto out = disjunction();
            if (!take(")")) fail("`)` is missing");
            return out;
        }
        if (c == '\'') return quoted_text();
        if (std::isdigit(static_cast<unsigned char>(c))) return digits();
        if (c == '-') {
            ++at_;
            if (++depth_ > depth_limit) fail("too deeply nested");
            Expression out;
            out.kind = Kind::unary;
            out.text = "-";
            out.arguments.push_back(path());
            --depth_;
            return out;
        }
        if (!starts_name(c)) fail("unexpected `" + std::string(1, c) + "`");
        return word();
    }

    Expression quoted_text() {
        const auto end = text_.find('\'', at_ + 1);
        if (end == text_.npos) fail("the quote does not end");
        auto out = literal(std::string(text_.substr(at_ + 1, end - at_ - 1)));
        at_ = end + 1;
        return out;
    }

    Expression digits() {
        const auto start = at_;
        while (at_ < text_.size() &&
               (std::isdigit(static_cast<unsigned char>(text_[at_])) || text_[at_] == '.'))
            ++at_;
        const auto number = parse_decimal(text_.substr(start, at_ - start));
        if (!number) fail("this is not a number");
        Expression out;
        out.kind = Kind::number;
        out.value = Value::of(*number);
        return out;
    }

    Expression word() {
        Expression out;
        out.text = name();
        if (out.text == "null") return Expression{};
        if (out.text == "true" || out.text == "false") {
            out.kind = Kind::boolean;
            out.value = Value::of(out.text == "true");
            return out;
        }
        out.kind = Kind::name;
        if (at_ >= text_.size() || text_[at_] != '(') return out;
        ++at_;
        out.kind = Kind::call;
        if (take(")")) return out;
        do out.arguments.push_back(disjunction());
        while (take(","));
        if (!take(")")) fail("`)` is missing");
        return out;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int depth_ = 0;
};

// "standard.storage_gb" of usage.standard.storage_gb; "" for a path that is not of usage.
std::string usage_key(const Expression& path) {
    if (path.kind != Kind::member) return "";
    const auto& parent = path.arguments[0];
    if (parent.kind == Kind::name) return parent.text == "usage" ? path.text : "";
    const auto above = usage_key(parent);
    return above.empty() ? "" : above + "." + path.text;
}

}  // namespace

Result<Expression> parse_expression(std::string_view text) {
    try {
        return Parser(text).parse();
    } catch (const SyntaxError& error) {
        return Error{"`" + std::string(text) + "`: " + error.message};
    }
}

Expression literal(std::string text) {
    Expression out;
    out.kind = Kind::text;
    out.text = text;
    out.value = Value::of(std::move(text));
    return out;
}

std::string spelled(const Expression& path) {
    switch (path.kind) {
        case Kind::name:
            return path.text;
        case Kind::member:
            return spelled(path.arguments[0]) + "." + path.text;
        case Kind::index:
            return spelled(path.arguments[0]) + "[" + text_of(path.arguments[1].value) + "]";
        default:
            return "";
    }
}

bool is_usage_path(const Expression& path) {
    const auto* at = &path;
    while (at->kind == Kind::member) at = &at->arguments[0];
    return path.kind == Kind::member && at->kind == Kind::name && at->text == "usage";
}

Result<Template> parse_template(std::string_view text) {
    Template out;
    while (!text.empty()) {
        const auto start = text.find("${");
        if (start != 0) {
            out.pieces.push_back({std::string(text.substr(0, start)), nullptr});
            if (start == text.npos) break;
            text.remove_prefix(start);
            continue;
        }
        const auto end = text.find('}');
        if (end == text.npos) return Error{"`" + std::string(text) + "`: `}` is missing"};
        auto expression = parse_expression(text.substr(2, end - 2));
        if (!expression) return expression.error();
        out.pieces.push_back({"", std::make_shared<const Expression>(std::move(*expression))});
        text.remove_prefix(end + 1);
    }
    return out;
}

void collect_names(const Expression& expression, std::set<std::string>& names,
                   std::set<std::string>& usage_keys) {
    if (expression.kind == Kind::name) names.insert(expression.text);
    if (const auto key = usage_key(expression); !key.empty()) {
        usage_keys.insert(key);
        names.insert("usage");
        return;
    }
    for (const auto& argument : expression.arguments) collect_names(argument, names, usage_keys);
}

}  // namespace slipway::cost
