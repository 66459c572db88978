#include "handlers/runs/control/known_providers.hpp"

#include <set>

#include "service/model/provider.hpp"

namespace slipway {

namespace {

using Addresses = std::set<std::string>;

std::string lock_file_of(const std::string& directory) {
    return (directory == "." ? std::string() : directory + "/") + ".terraform.lock.hcl";
}

// What a tree uses in these directories; `missing` are those that it does not have.
Task<Addresses> used_in(ControlContext& context, std::shared_ptr<Repository> repository,
                        TreeId tree, std::vector<std::string> directories, ToolKind tool) {
    Addresses out;
    std::vector<std::string> without_lock;
    auto read_locks = [&] {
        for (const auto& directory : directories) {
            const auto lock = repository->file(tree, lock_file_of(directory));
            if (!lock) without_lock.push_back(directory);
            for (const auto& provider : locked_providers(lock.value_or("")))
                out.insert(provider.address);
        }
    };
    co_await context.pool.run(read_locks);
    if (without_lock.empty()) co_return out;
    auto all = co_await context.uses.read(repository, tree, without_lock);
    for (const auto& facts : all)
        for (const auto& source : facts.providers)
            if (auto address = provider_address(source, tool); !address.empty())
                out.insert(std::move(address));
    co_return out;
}

// Those that the organisation describes, and whatever has a lock file.
std::vector<std::string> directories_of_others(const Organisation& organisation,
                                               const Repository& repository, const Run& run,
                                               const TreeId& tree) {
    std::set<std::string> out;
    for (const auto& stack : organisation.stacks)
        if (stack.repository == run.repository) out.insert(stack.directory);
    constexpr std::string_view lock_file = ".terraform.lock.hcl";
    for (const auto& path : repository.files(tree, ".")) {
        if (path == lock_file) out.insert(".");
        if (path.ends_with("/" + std::string(lock_file)))
            out.insert(path.substr(0, path.size() - lock_file.size() - 1));
    }
    return {out.begin(), out.end()};
}

// Where a tree has the stack: under the directory it was renamed from, if git takes it for one, or
// its own; "": nowhere.
std::string directory_in(const TreeId& tree, const Repository& repository, const Run& run) {
    for (const auto& directory : {run.renamed_from, run.settings.directory})
        if (!directory.empty() && repository.object_at(tree, directory)) return directory;
    return "";
}

void add_allowed(Addresses& out, const std::vector<std::string>& sources, ToolKind tool) {
    for (const auto& source : sources)
        if (auto address = provider_address(source, tool); !address.empty())
            out.insert(std::move(address));
}

}  // namespace

ProviderBasis advanced(ProviderBasis basis, const Run& planned) {
    basis.commit = planned.head;
    basis.used.clear();
    for (const auto& input : plan_of(planned).inputs)
        if (input.kind == InputKind::provider) basis.used.push_back(input.name);
    return basis;
}

Task<std::vector<std::string>> allowed_providers(ControlContext& context,
                                                 std::shared_ptr<Repository> repository, Run run,
                                                 ProviderBasis basis) {
    const auto tool = run.settings.tool;
    const auto organisation = context.organisation();
    TreeId tree;
    std::vector<std::string> directories;
    auto find_out = [&] {
        if (basis.commit.empty() || !repository->has_commit(basis.commit))
            return;  // nothing is known of the branch
        tree = repository->tree_of(basis.commit);
        if (auto own = directory_in(tree, *repository, run); !own.empty())
            directories.push_back(std::move(own));
        else
            directories = directories_of_others(*organisation, *repository, run, tree);
    };
    co_await context.pool.run(find_out);
    Addresses out(basis.used.begin(), basis.used.end());
    if (!directories.empty()) {
        auto used = co_await used_in(context, repository, tree, std::move(directories), tool);
        out.merge(used);
    }
    add_allowed(out, basis.allowed, tool);
    if (run.pull) {
        const PullRequestName name{run.repository, *run.pull};
        const auto pull = co_await load<PullRecord>(context.queue, pull_key(name));
        add_allowed(out, pull.value.allowed_providers, tool);
    }
    co_return std::vector<std::string>(out.begin(), out.end());
}

}  // namespace slipway
