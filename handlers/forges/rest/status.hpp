// A check as a commit status: what forges without checks have instead, and GitHub with a token.
// Pure.
#pragma once
#include <string>
#include <string_view>

#include "handlers/forges/forge.hpp"

namespace slipway::rest {

// {state, context, description, target_url}, as GitHub and Gitea take it. `title_characters`: of a
// description.
Json status_body(const Check& check, std::size_t title_characters);
// What is stored of a status that was written: "status:" and a digest of all that it says, for a
// status that says the same need not be written again.
std::string status_id(const Json& status);

}  // namespace slipway::rest
