// A reader of CommonMark's block structure that keeps no tree: for each line it knows whether it
// stands in a fence, in an HTML block, under a quote, in indented code, or inside a code span that
// began on an earlier line of its paragraph. Fences inside list items end with their item, as they
// do on the page.
//
// Not cmark-gfm: what anybody may post would hold a thread for half a minute. Debian's
// 0.29.0.gfm.6 needs 28 s for 64 KiB that open 16,384 lists in one line ("- - - …") before empty
// lines, and 3.5 s for 21,000 times ">" before lines that continue the paragraph; this reader takes
// time linear in the comment.
#include "handlers/webhooks/comment_lines.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>

#include "service/model/ascii.hpp"

namespace slipway {

namespace {

constexpr std::string_view no_break_space = "\xC2\xA0";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

struct Indented {
    std::size_t columns = 0;
    std::string_view rest;
};

// Tabs reach to the next multiple of four, counted from `column`. A no-break space is what some
// keyboards put where a space was meant.
Indented indented(std::string_view line, std::size_t column = 0) {
    std::size_t at = 0, columns = 0;
    while (at < line.size()) {
        if (line[at] == ' ') {
            ++at, ++columns;
        } else if (line[at] == '\t') {
            columns += 4 - (column + columns) % 4;
            ++at;
        } else if (line.substr(at, 2) == no_break_space) {
            at += 2, ++columns;
        } else {
            break;
        }
    }
    return {columns, line.substr(at)};
}

// The width of a list marker with the space behind it; 0: none.
std::size_t list_marker(std::string_view text) {
    std::size_t width = 0;
    if (!text.empty() && (text[0] == '-' || text[0] == '*' || text[0] == '+')) {
        width = 1;
    } else {
        while (width < text.size() && width < 9 && text[width] >= '0' && text[width] <= '9')
            ++width;
        if (width == 0 || width >= text.size() || (text[width] != '.' && text[width] != ')'))
            return 0;
        ++width;
    }
    if (width == text.size()) return width + 1;
    return text[width] == ' ' || text[width] == '\t' ? width + 1 : 0;
}

struct Fence {
    char mark = '`';
    std::size_t length = 0;
    std::size_t container = 0;  // columns of the list item it stands in
};

std::optional<Fence> opened_fence(std::string_view text, std::size_t container) {
    if (text.empty() || (text[0] != '`' && text[0] != '~')) return std::nullopt;
    Fence fence;
    fence.mark = text[0];
    fence.container = container;
    fence.length = std::min(text.find_first_not_of(fence.mark), text.size());
    if (fence.length < 3) return std::nullopt;
    if (fence.mark == '`' && text.find('`', fence.length) != text.npos) return std::nullopt;
    return fence;
}

bool closes(const Fence& fence, std::string_view text) {
    const auto length = std::min(text.find_first_not_of(fence.mark), text.size());
    return length >= fence.length && text.find_first_not_of(" \t", length) == text.npos;
}

std::size_t find_folded(std::string_view text, std::string_view wanted, std::size_t from = 0) {
    auto found = std::search(
        text.begin() + static_cast<std::ptrdiff_t>(std::min(from, text.size())), text.end(),
        wanted.begin(), wanted.end(), [](char a, char b) { return ascii_lower(a) == b; });
    return found == text.end() ? text.npos : static_cast<std::size_t>(found - text.begin());
}

// What hides or quotes everything up to its end, which may be many lines later.
struct Hiding {
    std::string_view begin, end;
};
constexpr std::array<Hiding, 11> hidings = {{
    {"<!--", "-->"},
    {"<pre", "</pre"},
    {"<code", "</code"},
    {"<blockquote", "</blockquote"},
    {"<textarea", "</textarea"},
    {"<script", "</script"},
    {"<style", "</style"},
    {"<samp", "</samp"},
    {"<kbd", "</kbd"},
    {"<?", "?>"},
    {"<![cdata[", "]]>"},
}};

// The end that must come before lines count again; "": nothing is left open on this line.
std::string_view left_open(std::string_view line) {
    std::size_t at = 0;
    while ((at = line.find('<', at)) != line.npos) {
        const bool in_code = at > 0 && line[at - 1] == '`';  // somebody writes about it
        const Hiding* opened = nullptr;
        for (const auto& hiding : hidings)
            if (find_folded(line.substr(at, hiding.begin.size()), hiding.begin) == 0)
                opened = &hiding;
        if (!opened || in_code) {
            ++at;
            continue;
        }
        const auto end = find_folded(line, opened->end, at + opened->begin.size());
        if (end == line.npos) return opened->end;
        at = end + opened->end.size();
    }
    return {};
}

class Reader {
  public:
    std::vector<std::string_view> read(std::string_view comment) {
        if (comment.starts_with(byte_order_mark)) comment.remove_prefix(byte_order_mark.size());
        while (!comment.empty()) {
            const auto end = comment.find_first_of("\r\n");
            line(comment.substr(0, end));
            if (end == comment.npos) break;
            const bool both = comment.substr(end, 2) == "\r\n";
            comment.remove_prefix(end + (both ? 2 : 1));
        }
        end_paragraph();
        return std::move(plain_);
    }

  private:
    void line(std::string_view whole) {
        if (!hidden_until_.empty()) {
            const auto end = find_folded(whole, hidden_until_);
            if (end != whole.npos) hidden_until_ = left_open(whole.substr(end));
            return;
        }
        const auto [columns, text] = indented(whole);
        if (fence_) {
            const bool left_its_item = !text.empty() && columns < fence_->container;
            if (!left_its_item) {
                if (columns < fence_->container + 4 && closes(*fence_, text)) fence_.reset();
                return;
            }
            fence_.reset();
        }
        if (text.empty()) {
            end_paragraph();
            under_quote_ = false;
            return;
        }
        if (text == ">>>") {  // GitLab's quote of many lines
            end_paragraph();
            hidden_until_ = ">>>";
            return;
        }
        block(columns, text);
        if (!fence_) hidden_until_ = left_open(whole);
    }

    void block(std::size_t columns, std::string_view text) {
        const bool begins_something = text[0] == '>' || text[0] == '#' || text[0] == '<' ||
                                      text.find_first_not_of("-=*_ \t") == text.npos ||
                                      list_marker(text) > 0 || opened_fence(text, 0).has_value();
        if (begins_something || paragraph_.empty())
            while (!items_.empty() && columns < items_.back()) items_.pop_back();
        if (begins_something) end_paragraph();
        const std::size_t own_column = columns;
        bool in_marker = false;
        while (const auto width = columns < base() + 4 ? list_marker(text) : 0) {
            auto inner = indented(text.substr(std::min(width, text.size())), columns + width);
            if (inner.columns > 3)
                inner.columns = 0;  // indented code in the item: nothing to find there
            columns += width + inner.columns;
            text = inner.rest;
            items_.push_back(columns);
            in_marker = true;
        }
        if (text.empty()) return;
        if (columns >= base() + 4) return;  // indented code, or far enough to look like it
        if (text[0] == '>') {
            under_quote_ = true;
        } else if (auto fence = opened_fence(text, base())) {
            fence_ = fence;
            under_quote_ = false;
        } else {
            Line kept;
            kept.text = text;
            kept.counts = !in_marker && !under_quote_ && own_column < 4;
            paragraph_.push_back(kept);
        }
    }

    std::size_t base() const { return items_.empty() ? 0 : items_.back(); }

    struct Run {  // of backticks
        std::size_t line, length;
        bool escaped;  // its first one, should it open a span
    };

    // Code spans run over line ends, but not beyond their paragraph. A span ends at the next run of
    // the same length.
    void end_paragraph() {
        std::vector<Run> runs;
        std::map<std::size_t, std::vector<std::size_t>> by_length;
        for (std::size_t i = 0; i < paragraph_.size(); ++i) {
            const auto text = paragraph_[i].text;
            for (std::size_t at = text.find('`'); at != text.npos; at = text.find('`', at)) {
                const auto end = std::min(text.find_first_not_of('`', at), text.size());
                const auto before = text.substr(0, at).find_last_not_of('\\');
                const auto backslashes = before == text.npos ? at : at - before - 1;
                by_length[end - at].push_back(runs.size());
                runs.push_back({i, end - at, backslashes % 2 == 1});
                at = end;
            }
        }
        for (std::size_t i = 0; i < runs.size(); ++i) {
            const auto same = by_length.find(runs[i].length - runs[i].escaped);
            if (same == by_length.end()) continue;
            const auto close = std::upper_bound(same->second.begin(), same->second.end(), i);
            if (close == same->second.end()) continue;
            for (auto between = runs[i].line + 1; between <= runs[*close].line; ++between)
                paragraph_[between].counts = false;
            i = *close;
        }
        for (const auto& kept : paragraph_)
            if (kept.counts) plain_.push_back(kept.text);
        paragraph_.clear();
    }

    struct Line {
        std::string_view text;
        bool counts = false;
    };
    std::vector<std::string_view> plain_;
    std::vector<Line> paragraph_;
    std::vector<std::size_t> items_;  // columns where the content of the open list items begins
    std::optional<Fence> fence_;
    std::string_view hidden_until_;
    bool under_quote_ = false;  // and no empty line since: it belongs to the quote
};

}  // namespace

std::vector<std::string_view> plain_lines(std::string_view comment) {
    Reader reader;
    return reader.read(comment);
}

}  // namespace slipway
