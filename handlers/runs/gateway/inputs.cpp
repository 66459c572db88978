// What differs between the inputs of two plans, or of a plan and its apply, as people read it.
#include <algorithm>

#include "handlers/runs/gateway/gateway.hpp"

namespace slipway {

namespace {

std::string noun(const InputDifference& one) {
    const auto named = [&](std::string_view what) {
        return std::string(what) + " `" + one.name + "`";
    };
    switch (one.kind) {
        case InputKind::setting:
            return named("the setting");
        case InputKind::files:
            return one.name == "." ? "the repository" : "`" + one.name + "`";
        case InputKind::variable:
        case InputKind::value:
            return named("variable");
        case InputKind::output:
            return "the output `" + one.name.substr(0, one.name.find(' ')) + "`";
        case InputKind::tool:
            return "the tool";
        case InputKind::lock_file:
            return "the lock file";
        case InputKind::module:
            return named("module");
        case InputKind::provider:
            return named("provider");
    }
    return {};
}

std::string_view otherwise(InputKind kind) {
    switch (kind) {
        case InputKind::setting:
            return " is another now";
        case InputKind::variable:
            return " is set otherwise";
        case InputKind::output:
        case InputKind::value:
            return " has another value";
        case InputKind::tool:
            return " has another version";
        case InputKind::files:
        case InputKind::lock_file:
        case InputKind::module:
        case InputKind::provider:
            return " now has other content";
    }
    return {};
}

}  // namespace

std::string text_of(const std::vector<InputDifference>& differences) {
    constexpr std::size_t named = 5;
    std::string out;
    for (std::size_t i = 0; i < differences.size() && i < named; ++i) {
        const auto& one = differences[i];
        out += (out.empty() ? "" : ", ") + noun(one);
        switch (one.how) {
            case InputDifference::How::other:
                out += otherwise(one.kind);
                break;
            case InputDifference::How::missing:
                out += " is not there any more";
                break;
            case InputDifference::How::extra:
                out += " is new";
                break;
            case InputDifference::How::undigested:
                out += one.kind == InputKind::output ? " has become known" : " cannot be compared";
                break;
        }
    }
    if (differences.size() > named)
        out += " and " + std::to_string(differences.size() - named) + " more differ";
    return out;
}

}  // namespace slipway
