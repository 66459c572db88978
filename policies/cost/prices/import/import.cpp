#include "policies/cost/prices/import/import.hpp"

#include <algorithm>
#include <fstream>
#include <set>

#include "policies/cost/prices/import/vendor_files.hpp"
#include "policies/cost/prices/mapped_prices.hpp"
#include "policies/cost/prices/packed_prices.hpp"
#include "service/base/digest.hpp"
#include "service/base/json.hpp"

namespace slipway::cost {
namespace {

namespace fs = std::filesystem;

Result<std::vector<fs::path>> files_of(const std::vector<fs::path>& inputs) {
    std::set<fs::path> out;  // in one order, each once
    for (const auto& input : inputs) {
        std::error_code error;
        if (!fs::is_directory(input, error)) {
            out.insert(input);
            continue;
        }
        const auto before = out.size();
        for (const auto& entry : fs::recursive_directory_iterator(input, error))
            if (entry.is_regular_file() &&
                (entry.path().extension() == ".csv" || entry.path().extension() == ".json"))
                out.insert(entry.path());
        if (error) return Error{input.string() + " cannot be read: " + error.message()};
        if (out.size() == before) return Error{input.string() + " holds no .csv or .json file"};
    }
    return std::vector<fs::path>(out.begin(), out.end());
}

/// Reads a file once: for its reader, its length and its digest.
class InputFile {
  public:
    explicit InputFile(const fs::path& path) : in_(path, std::ios::binary) {}
    bool is_open() const {
        return in_.is_open() && in_.peek() != std::ifstream::traits_type::eof();
    }
    ReadSome reader() {
        return [this](char* to, std::size_t most) {
            in_.read(to, static_cast<std::streamsize>(most));
            const auto count = static_cast<std::size_t>(in_.gcount());
            digest_.feed({to, count});
            bytes_ += count;
            return count;
        };
    }
    std::string digest() { return to_hex(digest_.finish()); }
    std::uint64_t bytes() const { return bytes_; }

  private:
    mutable std::ifstream in_;
    Sha256Stream digest_;
    std::uint64_t bytes_ = 0;
};

/// What one list says, with the source that its rows name.
struct List {
    CollectedPrices prices;
    std::string source;
    Json about;  // of the source
};

class Import {
  public:
    explicit Import(const ImportRequest& request) : request_(request) {}

    Result<ImportReport> run() {
        const auto files = files_of(request_.inputs);
        if (!files) return files.error();
        const auto error = request_.vendor == "aws" ? read_each(*files) : read_pages(*files);
        if (error) return *error;
        return write();
    }

  private:
    Result<VendorFile> read_file(const fs::path& path, PriceCollector& to) {
        InputFile input(path);
        if (!input.is_open()) return Error{path.string() + " cannot be read, or is empty"};
        const auto read = input.reader();
        auto file = request_.vendor == "aws"     ? read_aws_file(read, is_csv(path), to)
                    : request_.vendor == "azure" ? read_azure_file(read, to)
                                                 : read_google_file(read, to);
        if (!file) return Error{place(path, file.error().message)};
        report_.files.push_back({path.filename().string(), input.digest(), input.bytes()});
        return file;
    }

    static bool is_csv(const fs::path& path) { return path.extension() == ".csv"; }

    /// "file:12: message" from "line 12: message".
    static std::string place(const fs::path& path, const std::string& message) {
        if (!message.starts_with("line ")) return path.string() + " " + message;
        return path.string() + ":" + message.substr(5);
    }

    /// Files of AWS: each is a list of its own.
    std::optional<Error> read_each(const std::vector<fs::path>& files) {
        for (const auto& path : files) {
            PriceCollector collector(request_.today);
            auto file = read_file(path, collector);
            if (!file) return file.error();
            if (auto error = keep(collector, *file->published, path.string(), 1)) return error;
        }
        return std::nullopt;
    }

    /// Pages, which are one list together.
    std::optional<Error> read_pages(const std::vector<fs::path>& files) {
        PriceCollector collector(request_.today);
        bool has_end = false;
        for (const auto& path : files) {
            auto file = read_file(path, collector);
            if (!file) return file.error();
            has_end |= !file->goes_on;
        }
        if (!has_end)
            return Error{files.back().string() + " has a next page, which is not among the files"};
        const auto published = request_.published.value_or(collector.newest_effective());
        return keep(collector, published, files.front().string(), files.size());
    }

    std::optional<Error> keep(PriceCollector& collector, std::chrono::sys_days published,
                              const std::string& name, std::size_t files) {
        auto collected = collector.finish(published);
        if (!collected) return Error{name + " " + collected.error().message};
        std::string digests;
        Json inputs = Json::array();
        for (auto at = report_.files.end() - static_cast<std::ptrdiff_t>(files);
             at != report_.files.end(); ++at) {
            digests += at->sha256;
            inputs.push(Json::object({{"file", Json(at->name)},
                                      {"sha256", Json(at->sha256)},
                                      {"bytes", Json(at->bytes)}}));
        }
        report_.published = std::max(report_.published, published);
        report_.rows_read += collected->rows_read;
        for (const auto& [reason, left] : collected->left_out) {
            auto& all = report_.left_out[reason];
            if (all.rows == 0) all.example = left.example;
            all.rows += left.rows;
        }
        auto about = Json::object({{"published", Json(day_text(published))},
                                   {"currency", Json("USD")},
                                   {"inputs", inputs}});
        lists_.push_back({std::move(*collected),
                          request_.vendor + "-import-" + sha256_hex(digests).substr(0, 12), about});
        return std::nullopt;
    }

    struct KeyBefore {
        bool operator()(const PriceKey& a, const PriceKey& b) const { return key_before(a, b); }
    };
    using Rows = std::map<PriceKey, PriceRow, KeyBefore>;

    /// What was imported before; its sources are put into `sources`.
    Result<Rows> rows_before(Json& sources) const {
        Rows rows;
        const auto path = imported_table_path(request_.directory, request_.vendor);
        if (request_.replace || !fs::exists(path)) return rows;
        const auto mapped = MappedPrices::open(path);
        if (!mapped) return mapped.error();
        (*mapped)->table().each([&](const PriceRow& row) {
            rows.emplace(row.key, row);
            return true;
        });
        if (auto about = parse_json((*mapped)->table().about())) sources = (*about)["sources"];
        return rows;
    }

    Result<ImportReport> write() {
        Json sources = Json::object();
        auto rows = rows_before(sources);
        if (!rows) return rows.error();
        for (auto& list : lists_) {
            sources.set(list.source, list.about);
            for (auto& row : list.prices.rows) put(*rows, std::move(row), list.source);
        }
        std::set<std::string> used;
        std::vector<PriceRow> all;
        for (auto& [key, row] : *rows) {
            used.insert(row.source);
            all.push_back(std::move(row));
        }
        Json kept = Json::object();
        for (const auto& source : used) kept.set(source, sources[source]);
        const auto packed = pack_prices(std::move(all), Json::object({{"sources", kept}}).dump());
        if (!packed) return packed.error();
        report_.table = imported_table_path(request_.directory, request_.vendor);
        if (auto error = replace_file(report_.table, *packed)) return *error;
        return report_;
    }

    void put(Rows& rows, PriceRow row, const std::string& source) {
        row.source = source;
        const auto [at, fresh] = rows.try_emplace(row.key, row);
        if (fresh) {
            ++report_.added;
            return;
        }
        if (row.date < at->second.date) return leave_older(row);
        ++(at->second.tiers == row.tiers && at->second.unit == row.unit ? report_.unchanged
                                                                        : report_.changed);
        at->second = std::move(row);
    }

    void leave_older(const PriceRow& row) {
        auto& left = report_.left_out["older than what was imported before"];
        if (left.rows++ == 0) left.example = key_text(row.key);
    }

    const ImportRequest& request_;
    ImportReport report_;
    std::vector<List> lists_;
};

}  // namespace

fs::path imported_table_path(const fs::path& directory, const std::string& vendor) {
    return directory / (vendor + ".prices-table");
}

Result<ImportReport> import_prices(const ImportRequest& request) { return Import(request).run(); }

}  // namespace slipway::cost
