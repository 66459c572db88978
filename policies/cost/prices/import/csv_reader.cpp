#include "policies/cost/prices/import/csv_reader.hpp"

namespace slipway::cost {
namespace {

constexpr std::size_t most_bytes_in_row = 1 << 20;

}  // namespace

CsvReader::CsvReader(const ReadSome& read) : read_(read), buffer_(1 << 16, '\0') {}
CsvReader::~CsvReader() = default;

int CsvReader::peek() {
    if (at_ == size_) {
        at_ = 0;
        size_ = read_(buffer_.data(), buffer_.size());
        if (size_ == 0) return end;
    }
    return static_cast<unsigned char>(buffer_[at_]);
}

int CsvReader::take() {
    const int c = peek();
    if (c == end) return end;
    ++at_;
    if (c == '\n') ++line_;
    return c;
}

Error CsvReader::fault(const std::string& what) const {
    return Error{"line " + std::to_string(line_) + ": " + what};
}

Result<bool> CsvReader::quoted_cell(std::string& cell) {
    for (;;) {
        const int c = take();
        if (c == end) return fault("a quote is open at the end; the file seems cut off");
        if (c != '"') {
            cell.push_back(static_cast<char>(c));
        } else if (peek() == '"') {
            cell.push_back(static_cast<char>(take()));
        } else {
            const int behind = peek();
            if (behind != ',' && behind != '\r' && behind != '\n' && behind != end)
                return fault("text behind a closing quote");
            return true;
        }
        if (cell.size() > most_bytes_in_row) return fault("a cell of more than a megabyte");
    }
}

Result<bool> CsvReader::next(std::vector<std::string>& cells) {
    cells.clear();
    if (!started_) {
        started_ = true;
        for (const int byte : {0xef, 0xbb, 0xbf})
            if (peek() == byte) take();
    }
    if (peek() == end) return false;
    row_line_ = line_;
    std::size_t bytes = 0;
    cells.emplace_back();
    bool quoted = false;
    for (;;) {
        const int c = take();
        if (c == end) return fault("the last line has no end; the file seems cut off");
        if (c == '\n') return true;
        if (c == '\r' && peek() == '\n') continue;
        if (c == ',') {
            cells.emplace_back();
            quoted = false;
        } else if (c == '"' && cells.back().empty() && !quoted) {
            quoted = true;
            if (auto read = quoted_cell(cells.back()); !read) return read;
            bytes += cells.back().size();
        } else {
            cells.back().push_back(static_cast<char>(c));
        }
        if (++bytes > most_bytes_in_row) return fault("a row of more than a megabyte");
    }
}

}  // namespace slipway::cost
