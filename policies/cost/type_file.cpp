#include "policies/cost/type_file.hpp"

#include <algorithm>

#include "policies/cost/functions.hpp"
#include "service/base/nearest.hpp"

namespace slipway::cost {

namespace {

// Names that mean something in every file.
const std::set<std::string> common_names{"usage", "region", "today", "each", "index"};

// What says where an entry of the usage file lies.
bool places_itself(const std::string& key) { return key == "region" || key == "location"; }

class Reader {
  public:
    explicit Reader(Findings& findings) : findings_(findings) {}

    TypeFile read(const Yaml& node) {
        MapReader reader(node, "a cost file", findings_);
        file_.is_part = file_.is_closed = reader.find("part") != nullptr;
        file_.name = reader.text(file_.is_part ? "part" : "type").value_or("");
        if (file_.name.empty() && !file_.is_part) reader.require("type");
        file_.provider = reader.text("provider").value_or("");
        if (file_.provider.empty()) reader.require("provider");
        if (auto region = reader.text("region")) file_.region = *region;
        file_.takes = reader.texts("takes");
        if (const bool through = reader.boolean("only_through").value_or(false); through)
            file_.is_part = true;
        file_.is_pseudo = reader.boolean("pseudo").value_or(false);
        read_usage(reader);
        read_tables(reader);
        if (const auto* lets = reader.find("let")) file_.lets = read_bindings(*lets, "`let`");
        file_.components = read_components(reader);
        file_.parts = read_parts(reader);
        check_usage(node.place);
        return std::move(file_);
    }

  private:
    void read_usage(MapReader& reader) {
        const auto* node = reader.find("usage");
        if (!node) return;
        MapReader keys(*node, "`usage`", findings_);
        for (const auto& entry : node->map)
            file_.usage[entry.key] = keys.text(entry.key).value_or("");
    }

    void read_tables(MapReader& reader) {
        const auto* node = reader.find("tables");
        if (!node) return;
        MapReader tables(*node, "`tables`", findings_);
        for (const auto& entry : node->map) {
            tables.find(entry.key);
            MapReader rows(entry.value, "the table " + entry.key, findings_);
            for (const auto& row : entry.value.map)
                if (auto value = rows.text(row.key)) file_.tables[entry.key][row.key] = *value;
        }
    }

    std::vector<std::pair<std::string, Expression>> read_bindings(const Yaml& node,
                                                                  const std::string& what) {
        std::vector<std::pair<std::string, Expression>> out;
        MapReader reader(node, what, findings_);
        for (const auto& entry : node.map)
            if (auto value = expression(reader, entry.key)) {
                out.emplace_back(entry.key, std::move(*value));
                if (what == "`let`") names_.insert(entry.key);
            }
        return out;
    }

    std::vector<ComponentRule> read_components(MapReader& reader) {
        std::vector<ComponentRule> out;
        const auto* node = reader.find("components");
        if (!node) return out;
        if (node->kind != Yaml::Kind::list) reader.report("components", "is a list");
        for (const auto& item : node->list) out.push_back(read_component(item));
        return out;
    }

    ComponentRule read_component(const Yaml& node) {
        ComponentRule rule;
        rule.place = node.place;
        MapReader reader(node, "a component", findings_);
        if (reader.require("name")) rule.name = text(reader, "name").value_or(Template{});
        rule.when = expression(reader, "when");
        if (reader.require("unit")) rule.unit = reader.text("unit").value_or("");
        if (auto scale = reader.text("scale")) {
            const auto number = parse_decimal(*scale);
            if (number && *number > 0)
                rule.scale = *number;
            else
                reader.report("scale", "is a number above 0");
        }
        for (const char* amount : {"quantity", "usage_quantity"})
            if (const auto* said = reader.find(amount); said && said->quoted)
                reader.report(amount, "is a number or an expression: write it without quotes");
        auto quantity = expression(reader, "quantity");
        auto usage = expression(reader, "usage_quantity");
        rule.usage_based = reader.find("usage_quantity") != nullptr;
        if (!reader.find("quantity") == !reader.find("usage_quantity"))
            findings_.add(node.place, "a component has either `quantity` or `usage_quantity`");
        rule.quantity = usage ? std::move(*usage) : quantity ? std::move(*quantity) : Expression{};
        rule.not_priced = reader.text("not_priced").value_or("");
        const auto* price = reader.find("price");
        if (price)
            rule.price = read_price(*price);
        else if (rule.not_priced.empty())
            reader.require("price");
        return rule;
    }

    PriceRule read_price(const Yaml& node) {
        PriceRule rule;
        MapReader reader(node, "a price", findings_);
        if (auto usd = reader.text("usd")) {
            rule.usd = parse_decimal(*usd);
            if (!rule.usd || *rule.usd <= 0) reader.report("usd", "is a number above 0");
            if (reader.require("date")) rule.date = reader.text("date").value_or("");
            return rule;
        }
        for (const auto* key : {"service", "sku", "unit"}) reader.require(key);
        rule.service = text(reader, "service").value_or(Template{});
        rule.sku = text(reader, "sku").value_or(Template{});
        rule.unit = reader.text("unit").value_or("");
        rule.region = text(reader, "region");
        for (const auto& entry : node.map) {
            static const std::set<std::string> own{"service", "sku", "unit", "region"};
            if (own.contains(entry.key)) continue;
            if (auto value = text(reader, entry.key))
                rule.attributes.emplace_back(entry.key, std::move(*value));
        }
        std::sort(rule.attributes.begin(), rule.attributes.end(),
                  [](const auto& a, const auto& b) { return a.first < b.first; });
        return rule;
    }

    std::vector<PartRule> read_parts(MapReader& reader) {
        std::vector<PartRule> out;
        const auto* node = reader.find("parts");
        if (!node) return out;
        if (node->kind != Yaml::Kind::list) reader.report("parts", "is a list");
        for (const auto& item : node->list) out.push_back(read_part(item));
        return out;
    }

    PartRule read_part(const Yaml& node) {
        PartRule rule;
        rule.place = node.place;
        MapReader reader(node, "a part", findings_);
        rule.each = expression(reader, "each");
        rule.name = text(reader, "name").value_or(Template{});
        rule.when = expression(reader, "when");
        rule.times = expression(reader, "times");
        rule.of = expression(reader, "of");
        rule.use = reader.text("use").value_or("");
        if (const auto* with = reader.find("with")) rule.with = read_bindings(*with, "`with`");
        rule.components = read_components(reader);
        if (rule.use.empty() == rule.components.empty())
            findings_.add(node.place, "a part has either `use` or `components`");
        return rule;
    }

    std::optional<Expression> expression(MapReader& reader, std::string_view key) {
        const auto* node = reader.find(key);
        if (!node) return std::nullopt;
        if (node->kind == Yaml::Kind::scalar && node->quoted) return literal(node->scalar);
        const auto said = reader.text(key);
        if (!said) return std::nullopt;
        auto parsed = parse_expression(*said);
        if (!parsed) {
            reader.report(key, parsed.error().message);
            return std::nullopt;
        }
        check_whole(*parsed, node->place);
        return std::move(*parsed);
    }

    std::optional<Template> text(MapReader& reader, std::string_view key) {
        const auto* node = reader.find(key);
        const auto said = node ? reader.text(key) : std::nullopt;
        if (!said) return std::nullopt;
        auto parsed = parse_template(*said);
        if (!parsed) {
            reader.report(key, parsed.error().message);
            return std::nullopt;
        }
        for (const auto& piece : parsed->pieces)
            if (piece.expression) check_whole(*piece.expression, node->place);
        return std::move(*parsed);
    }

    void check_whole(const Expression& expression, const Place& place) {
        std::set<std::string> names;
        collect_names(expression, names, asked_);
        check(expression, place);
    }

    // A misspelt function, a name that a shared part is not given.
    void check(const Expression& expression, const Place& place) {
        if (expression.kind == Expression::Kind::call) {
            if (auto trouble = call_trouble(expression, file_.tables); !trouble.empty())
                findings_.add(place, trouble);
        }
        if (expression.kind == Expression::Kind::name && file_.is_closed &&
            !names_.contains(expression.text) && !common_names.contains(expression.text) &&
            std::find(file_.takes.begin(), file_.takes.end(), expression.text) ==
                file_.takes.end() &&
            expression.text != "band")
            findings_.add(place, "`takes` does not name `" + expression.text + "`" +
                                     did_you_mean(expression.text, file_.takes));
        // The first argument of a look-up is the table's name.
        const std::size_t first = is_table_function(expression) ? 1 : 0;
        for (std::size_t i = first; i < expression.arguments.size(); ++i)
            check(expression.arguments[i], place);
    }

    void check_usage(const Place& place) {
        std::vector<std::string> known;
        for (const auto& [key, about] : file_.usage) known.push_back(key);
        for (const auto& key : asked_)
            if (!file_.usage.contains(key))
                findings_.add(place,
                              "`usage` does not describe `" + key + "`" + did_you_mean(key, known));
        for (const auto& key : known)
            if (!asked_.contains(key) && !(file_.is_pseudo && places_itself(key)))
                findings_.add(place, "nothing depends on the usage `" + key + "`");
    }

    Findings& findings_;
    TypeFile file_;
    std::set<std::string> names_, asked_;
};

}  // namespace

TypeFile read_type_file(const Yaml& node, Findings& findings) {
    return Reader(findings).read(node);
}

}  // namespace slipway::cost
