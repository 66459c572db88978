// A check as a check run, within GitHub's limits. Pure.
//
// A check run's annotations can only be added to, never taken back. So the id that is stored says
// which ones were sent, and other ones want a new check run:
//
//     check id  = number [ "+" digest of the annotations ]
#pragma once
#include <string>
#include <string_view>

#include "handlers/forges/forge.hpp"

namespace slipway::github {

// Of a commit status GitHub shows 140 characters, so a check's title has no more.
inline constexpr TextLimits text_limits{.comment_bytes = 65'535,
                                        .check_bytes = 65'535,
                                        .title_bytes = 140,
                                        .annotations = 50,
                                        .annotation_title_bytes = 120};

std::string_view api_status(CheckStatus status);
std::string_view api_conclusion(Conclusion conclusion);

struct CheckId {
    std::string number;
    std::string notes;  // digest; "": none were sent

    static CheckId parse(std::string_view text);
    std::string text() const { return notes.empty() ? number : number + "+" + notes; }
};

// Of what a write of this check would send; "" where it would send none.
std::string notes_digest(const Check& check);

enum class CheckBody { create, update };
Json check_body(const Check& check, CheckBody kind, bool with_annotations);

// At most `bytes` of markdown: cut at a line's end, an open fence closed, and the reader told.
std::string fitted(std::string_view markdown, std::size_t bytes);

}  // namespace slipway::github
