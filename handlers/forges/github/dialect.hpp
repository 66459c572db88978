// GitHub's REST API against that of other forges, and the pace that its documentation asks for.
#pragma once
#include "handlers/forges/rest/client.hpp"

namespace slipway::github {

const rest::Dialect& dialect();
// About 80 created things a minute and 500 an hour, and 900 points of calls a minute, where a write
// costs five. Of these a quarter of a minute's and a fifth of an hour's are kept for what decides.
rest::Spacing documented_spacing();

inline Json json_of(const HttpReply& reply, const std::string& what) {
    return rest::json_of(reply, dialect(), what);
}

}  // namespace slipway::github
