// How the REST API of one kind of forge differs from another's, as data: an adapter has one of
// these.
#pragma once
#include <string>
#include <utility>
#include <vector>

namespace slipway::rest {

struct Dialect {
    std::string title;                                         // "GitHub", in sentences
    std::vector<std::pair<std::string, std::string>> headers;  // of every call

    // Headers of replies, in lower case; "": the forge has no such one. Retry-After and Link are
    // understood in any dialect.
    std::string limit;              // calls that the account has
    std::string left;               // of these
    std::string reset;              // when there are all again, in Unix seconds
    std::string next_page;          // its number, where Link does not tell
    std::string needed_permission;  // that a 403 is for want of

    // What the body of a 403 says where it means a limit, besides what its headers say.
    std::vector<std::string> limit_phrases;
};

}  // namespace slipway::rest
