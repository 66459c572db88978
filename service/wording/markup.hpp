// Foreign text on a page of ours. It may be a name, a message, a tool's output, written by anybody
// who can open a pull request, and it must stay text: no link, mention, picture, reference, HTML,
// heading, command. Each function here is for one kind of place; nothing foreign reaches a page by
// another way (rule S3).
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace slipway {

// printable(), on one line: line ends and tabs are spaces.
std::string one_line(std::string_view untrusted);
// At most `limit` bytes (about), the middle left out: both ends of an address tell most.
std::string shortened_in_the_middle(std::string_view text, std::size_t limit);

// A span of code. In a table's cell a bar needs an escape that would show elsewhere.
std::string code_span(std::string_view untrusted);
std::string code_span_in_cell(std::string_view untrusted);
// A sentence that may hold `spans of code`, as messages of policies and tools do.
std::string sentence(std::string_view untrusted);
// Inside an HTML line of ours, such as <summary>.
std::string html_text(std::string_view untrusted);
// Amounts of ours: between two dollar signs GitHub and Gitea may see a formula.
std::string escape_dollars(std::string_view own);
// An address that was allowed (see link_allowed) or is our own, behind a word of ours.
std::string link_to(std::string_view own_word, std::string_view url);
// https, and a host that is on the list or below one that is.
bool link_allowed(std::string_view url, const std::vector<std::string>& hosts);

}  // namespace slipway
