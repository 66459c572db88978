#include "handlers/forges/gitea/dialect.hpp"

namespace slipway::gitea {

const rest::Dialect& dialect() {
    static const rest::Dialect all = [] {
        rest::Dialect out;
        out.title = "Gitea";
        out.headers = {{"Accept", "application/json"}};
        return out;
    }();
    return all;
}

}  // namespace slipway::gitea
