// GitLab obeys a note: a line that begins with "/merge", "/approve" or "/close" is done with the
// rights of whoever posts it, which is us (docs.gitlab.com, "GitLab quick actions"). What people
// wrote is shown in our notes, so no line of them begins like that. Mentions and references within
// foreign text are parted by whoever words a comment, for every forge alike. Pure.
#pragma once
#include <string>
#include <string_view>

namespace slipway::gitlab {

// A word joiner, which nobody sees, goes before such a slash: within fences, too, since GitLab's
// own search for commands ends a fence at the first line of three backticks, and Markdown only
// where there are as many as it began with.
std::string without_quick_actions(std::string_view markdown);

}  // namespace slipway::gitlab
