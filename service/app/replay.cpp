#include "service/app/replay.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>

#include "policies/kept_input.hpp"
#include "service/app/finish.hpp"
#include "service/base/clock.hpp"
#include "service/base/codec.hpp"
#include "service/catalog/catalog.hpp"
#include "service/wording/report.hpp"

namespace slipway {

namespace {

namespace fs = std::filesystem;

constexpr int cannot = 2;

std::string text_of(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(in)), {});
    if (!in.good() && !in.eof()) throw Failure("cannot read " + path.string(), Retry::never);
    return text;
}

bool is_organisation(const fs::path& directory) {
    return fs::exists(directory / "space.yaml") || fs::is_directory(directory / "policies") ||
           fs::is_directory(directory / "stacks");
}

// Of a folder that is no organisation tree every policy is asked, whatever its selector says.
PolicySet policies_in(const fs::path& directory, PolicyKind kind) {
    PolicySet out;
    for (const auto& entry : fs::recursive_directory_iterator(directory)) {
        const auto& path = entry.path();
        if (path.extension() != ".rego" || path.stem().string().ends_with("_test")) continue;
        Policy policy;
        policy.name = path.stem().string();
        policy.kind = kind;
        policy.place.file = path.lexically_relative(directory).generic_string();
        policy.text = text_of(path);
        out.policies.push_back(std::move(policy));
    }
    std::ranges::sort(out.policies, {}, [](const Policy& one) { return one.place.file; });
    return out;
}

// nullopt: what is wrong is printed.
std::optional<PolicySet> policies_for(const fs::path& directory, const KeptInput& kept) {
    PolicySet out;
    if (!is_organisation(directory)) {
        out = policies_in(directory, kept.kind);
        if (!out.policies.empty()) return out;
        std::cerr << "slipway: " << directory.string() << " has no policy (a .rego file)\n";
        return std::nullopt;
    }
    const auto loaded = load_organisation(directory);
    for (const auto& finding : loaded.findings) std::cerr << finding.text() << "\n";
    if (!loaded.findings.empty()) return std::nullopt;
    out.policies = loaded.organisation.policies_for(kept.stack, kept.kind);
    out.library = loaded.organisation.policy_library;
    return out;
}

void print(const KeptInput& kept, const Replay& now, bool same) {
    Explained tree;
    tree.stack = kept.stack.id;
    tree.outcome = now.outcome;
    tree.tree = now.why.because;
    std::cout << explanation_text(tree);
    std::cout << (same ? "As it was decided at " : "Otherwise than it was decided at ")
              << utc_minutes(kept.at_ms) << (same ? "" : ": " + kept.outcome)
              << (now.policy_set == kept.policy_set ? ", by the same policies.\n"
                                                    : "; the policies are others now.\n");
}

}  // namespace

int replay(const std::string& directory, const std::string& file, bool json) {
    auto kept = read_kept(text_of(file));
    if (!kept) {
        std::cerr << "slipway: " << file << ": " << kept.error().message
                  << "; give the file that `slipway explain RUN --input KIND` printed\n";
        return cannot;
    }
    auto set = policies_for(directory, *kept);
    if (!set) return cannot;
    asio::io_context io;
    auto policies = make_policies(io.get_executor());
    auto asked = std::make_shared<const KeptInput>(std::move(*kept));
    auto task = policies->replay(std::move(*set), asked);
    const auto now = finish(io, std::move(task));
    const bool same = now.outcome == asked->outcome;
    if (json)
        std::cout << Json::object({{"kind", word(asked->kind)},
                                   {"stack", asked->stack.id.value},
                                   {"before", asked->outcome},
                                   {"now", now.outcome},
                                   {"same", same},
                                   {"same_policies", now.policy_set == asked->policy_set},
                                   {"findings", encode(now.findings)},
                                   {"missing", encode(now.missing)},
                                   {"tree", encode(now.why.because)}})
                         .dump()
                  << "\n";
    else
        print(*asked, now, same);
    return same ? 0 : 1;
}

}  // namespace slipway
