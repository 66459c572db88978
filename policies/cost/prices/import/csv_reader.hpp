/// CSV as RFC 4180 describes it, row by row. Our own, since what Debian has either reads a file
/// whole or wants its columns known when it is compiled; the vendors' files have hundreds of
/// megabytes and columns that come and go.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "service/base/json_stream.hpp"
#include "service/base/result.hpp"

namespace slipway::cost {

class CsvReader {
  public:
    explicit CsvReader(const ReadSome& read);  ///< `read` must outlive it
    ~CsvReader();

    /// The next row, of any number of cells; false at the end. Takes CRLF and LF, cells in quotes
    /// with commas, quotes and line ends in them, and a byte order mark. The error begins "line N:
    /// ": an open quote, text behind a closing one, a row of more than a megabyte, or a last line
    /// without an end, which is what a file looks like that was cut off.
    Result<bool> next(std::vector<std::string>& cells);
    std::size_t line() const { return row_line_; }  ///< on which the last row began

  private:
    static constexpr int end = -1;
    int peek();
    int take();
    Error fault(const std::string& what) const;
    Result<bool> quoted_cell(std::string& cell);

    const ReadSome& read_;
    std::string buffer_;
    std::size_t at_ = 0, size_ = 0, line_ = 1, row_line_ = 0;
    bool started_ = false;
};

}  // namespace slipway::cost
