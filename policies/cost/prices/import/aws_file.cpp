// Price list files of AWS: read as streams, since those of a large region have hundreds of
// megabytes.
#include <algorithm>

#include "policies/cost/prices/import/aws_products.hpp"
#include "policies/cost/prices/import/csv_reader.hpp"
#include "policies/cost/prices/import/vendor_files.hpp"

namespace slipway::cost {
namespace {

bool one_of(std::string_view wanted, std::string_view alternatives) {
    while (!alternatives.empty()) {
        const auto end = alternatives.find('|');
        if (alternatives.substr(0, end) == wanted) return true;
        if (end == alternatives.npos) break;
        alternatives.remove_prefix(end + 1);
    }
    return false;
}

struct AwsPrice {
    std::string_view sku, unit, begin, price, currency, effective;
};

/// "" or what is wrong with the row.
std::string offer(const AwsMeaning& meaning, const AwsPrice& row, PriceCollector& to) {
    const auto name = key_text(meaning.key);
    if (!one_of(row.unit, meaning.vendor_unit)) {
        to.leave_out("a unit that was not expected", name + ": " + std::string(row.unit));
        return {};
    }
    const auto from = parse_fixed_rounded(row.begin.empty() ? "0" : row.begin, quantity_decimals);
    auto price = parse_fixed_rounded(row.price, price_decimals);
    const auto effective = day_of(row.effective);
    if (!price) return "\"" + std::string(row.price) + "\" is not a price";
    if (!from) return "\"" + std::string(row.begin) + "\" is not the beginning of a range";
    if (!effective) return "\"" + std::string(row.effective) + "\" is not a date";
    *price /= meaning.divide_by;
    to.add({meaning.key,
            meaning.unit,
            std::string(row.sku),
            std::string(row.currency),
            {*from * meaning.divide_by, *price},
            *effective});
    return {};
}

class AwsCsv {
  public:
    AwsCsv(const ReadSome& read, PriceCollector& to) : reader_(read), to_(to) {}

    Result<VendorFile> read() {
        VendorFile out;
        std::vector<std::string> cells;
        for (;;) {
            auto row = reader_.next(cells);
            if (!row) return row.error();
            if (!*row) break;
            auto fault = columns_.empty() ? preface(cells, out) : price(cells);
            if (!fault.empty())
                return Error{"line " + std::to_string(reader_.line()) + ": " + fault};
        }
        if (columns_.empty()) return Error{"has no line of column names that begins with SKU"};
        if (!out.published) return Error{"does not say its Publication Date"};
        return out;
    }

  private:
    std::string preface(const std::vector<std::string>& cells, VendorFile& out) {
        if (cells[0] == "SKU") {
            for (const auto& cell : cells) columns_.push_back(aws_attribute_name(cell));
            for (const char* needed : {"termtype", "unit", "priceperunit", "currency",
                                       "effectivedate", "startingrange", "servicecode"})
                if (std::find(columns_.begin(), columns_.end(), needed) == columns_.end())
                    return std::string("there is no column \"") + needed + "\"";
            term_type_ = static_cast<std::size_t>(
                std::find(columns_.begin(), columns_.end(), "termtype") - columns_.begin());
            return {};
        }
        if (cells.size() != 2)
            return "not a price list of AWS: two cells are expected before the column names";
        if (cells[0] == "Publication Date") {
            out.published = day_of(cells[1]);
            if (!out.published) return "\"" + cells[1] + "\" is not a date";
        }
        return {};
    }

    std::string price(const std::vector<std::string>& cells) {
        if (cells.size() != columns_.size())
            return std::to_string(cells.size()) + " cells under " +
                   std::to_string(columns_.size()) + " column names; the file seems cut off";
        if (cells[term_type_] != "OnDemand") {  // nine rows of ten
            to_.leave_out("reservations", cells[0]);
            return {};
        }
        for (std::size_t i = 0; i < cells.size(); ++i) product_[columns_[i]] = cells[i];
        const auto& sku = cells[0];
        const auto meant = aws_meaning(product_);
        if (const auto* why = std::get_if<std::string>(&meant)) {
            to_.leave_out(*why, product_["usagetype"]);
            return {};
        }
        return offer(std::get<AwsMeaning>(meant),
                     {sku, product_["unit"], product_["startingrange"], product_["priceperunit"],
                      product_["currency"], product_["effectivedate"]},
                     to_);
    }

    CsvReader reader_;
    PriceCollector& to_;
    std::vector<std::string> columns_;
    std::size_t term_type_ = 0;
    AwsProduct product_;  // every column is set anew by every row
};

class AwsJson {
  public:
    explicit AwsJson(PriceCollector& to) : to_(to) {}

    Result<VendorFile> read(const ReadSome& read) {
        JsonStreamOptions options;
        options.wanted = {
            {"publicationDate"}, {"products", "*"}, {"terms", "*", "*"}, {"PriceList", "*"}};
        const auto error = stream_json(
            read, options, [&](const JsonPath& path, Json part) { return take(path, part); });
        if (error) return *error;
        if (!out_.published) return Error{"is not a price list of AWS: it has no publicationDate"};
        return out_;
    }

  private:
    std::string take(const JsonPath& path, const Json& part) {
        if (path[0] == "publicationDate") {
            out_.published = day_of(part.string_or(""));
            return out_.published ? "" : "publicationDate is not a date";
        }
        if (path[0] == "PriceList") return answer(part);
        if (path[0] == "products") return product(path[1], part), "";
        if (path[1] == "OnDemand") return terms(path[2], part);
        to_.leave_out("reservations", path[2]);
        return {};
    }

    void product(const std::string& sku, const Json& part) {
        ++products_;
        AwsProduct attributes;
        for (const auto& [name, value] : part["attributes"].members())
            attributes[aws_attribute_name(name)] = value.string_or("");
        attributes["productfamily"] = part["productFamily"].string_or("");
        const auto meant = aws_meaning(attributes);
        if (const auto* why = std::get_if<std::string>(&meant))
            to_.leave_out(*why, attributes["usagetype"]);
        else
            meanings_[sku] = std::get<AwsMeaning>(meant);
    }

    std::string terms(const std::string& sku, const Json& terms) {
        if (products_ == 0) return "has prices before products, which cannot be read as a stream";
        const auto meaning = meanings_.find(sku);
        if (meaning == meanings_.end()) return {};  // its product was named above
        for (const auto& [code, term] : terms.members())
            for (const auto& [rate, dimension] : term["priceDimensions"].members())
                for (const auto& [currency, price] : dimension["pricePerUnit"].members()) {
                    auto fault = offer(meaning->second,
                                       {sku, dimension["unit"].string_or(""),
                                        dimension["beginRange"].string_or("0"), price.string_or(""),
                                        currency, term["effectiveDate"].string_or("")},
                                       to_);
                    if (!fault.empty()) return fault;
                }
        return {};
    }

    /// One element of the query API's answer: a JSON document as a text, of one product.
    std::string answer(const Json& part) {
        auto inner = part.is_string() ? parse_json(part.string_or("")) : Result<Json>(part);
        if (!inner) return "an element of PriceList " + inner.error().message;
        const auto published = day_of((*inner)["publicationDate"].string_or(""));
        if (!published) return "an element of PriceList has no publicationDate";
        out_.published = std::max(out_.published.value_or(*published), *published);
        const auto sku = (*inner)["product"]["sku"].text();
        Json with_service = (*inner)["product"];
        product(sku, with_service);
        return terms(sku, (*inner)["terms"]["OnDemand"]);
    }

    PriceCollector& to_;
    VendorFile out_;
    std::map<std::string, AwsMeaning, std::less<>> meanings_;
    std::size_t products_ = 0;
};

}  // namespace

std::optional<std::chrono::sys_days> day_of(std::string_view time) {
    return parse_day(time.substr(0, 10));
}

Result<VendorFile> read_aws_file(const ReadSome& read, bool csv, PriceCollector& to) {
    return csv ? AwsCsv(read, to).read() : AwsJson(to).read(read);
}

}  // namespace slipway::cost
