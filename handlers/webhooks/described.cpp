#include "handlers/webhooks/described.hpp"

#include <algorithm>

#include "service/model/glob.hpp"

namespace slipway {

SelfDescription may_describe_itself(const ReactContext& context, const Forge& forge,
                                    const RepositoryName& repository,
                                    const Organisation& organisation) {
    for (const auto& delegation : organisation.delegations)
        if (glob_matches(delegation.pattern, repository.text()))
            return {true, delegation.space, delegation.may_set, delegation.tools};
    const auto& listed = forge.config().self_described;
    bool may = std::any_of(listed.begin(), listed.end(), [&](const std::string& pattern) {
        return glob_matches(pattern, repository.path);
    });
    may = may || (forge.traits().is_owners_folder && !context.has_organisation_tree);
    return {may, SpaceId(), {}, {}};
}

namespace {

using Own = std::vector<Stack>;

const Stack* find_in(const Own& stacks, const StackId& id) {
    auto at = std::find_if(stacks.begin(), stacks.end(),
                           [&](const Stack& stack) { return stack.id == id; });
    return at == stacks.end() ? nullptr : &*at;
}

// The same resources: same directory, and the same state as far as settings say where it is kept.
bool is_the_same_place(const Stack& a, const Stack& b) {
    return a.directory == b.directory && a.workspace == b.workspace && a.branch == b.branch &&
           a.tool == b.tool && a.configured_tool == b.configured_tool;
}

class Description {
  public:
    Description(DescribedStacks& out, std::string_view branch, const OwnFiles& files)
        : out_(out), branch_(branch), files_(files) {}

    // nullopt: it has mistakes, which are told where `tell` says so.
    template <class Read>
    std::optional<Own> stacks_of(const std::optional<OwnFile>& file, const Read& read, bool tell) {
        Own own;
        if (!file) return own;
        auto loaded = read(*file);
        if (tell)
            for (const auto& finding : loaded.findings) out_.findings.push_back(finding);
        if (!loaded.findings.empty()) return std::nullopt;
        for (auto& stack : loaded.organisation.stacks) {
            if (stack.branch != branch_ || find_in(out_.stacks, stack.id)) continue;
            stack.self_described = true;
            own.push_back(std::move(stack));
        }
        return own;
    }

    void compare(Own& trusted, const Own& before, const Own& after) {
        for (const auto& stack : before) {
            const auto* known = files_.pushed ? &stack : find_in(trusted, stack.id);
            if (!known) continue;  // gone from the default branch already
            const Stack settings = *known;
            if (const auto* now = find_in(after, stack.id)) {
                if (now->directory != settings.directory)
                    out_.directories.emplace(stack.id, now->directory);
                continue;
            }
            const auto* same = under_another_key(settings, before, after);
            if (same) {
                out_.renamed.emplace(same->id, settings.id);
            } else {
                out_.undescribed.push_back(settings);
            }
            if (files_.pushed) continue;
            std::erase_if(trusted, [&](const Stack& one) { return one.id == settings.id; });
            if (same) trusted.push_back(with_key_of(settings, *same));
        }
    }

    void take(Own trusted, Own after) {
        const Own described = trusted;
        for (auto& stack : trusted) out_.stacks.push_back(std::move(stack));
        for (auto& stack : after) {
            if (find_in(described, stack.id)) continue;
            stack.only_in_head = true;  // C1: what only the pull request says permits nothing
            stack.variables.clear();
            if (stack.apply_when == ApplyWhen::before_merge) stack.apply_when = ApplyWhen::on_merge;
            out_.stacks.push_back(std::move(stack));
        }
    }

  private:
    const Stack* under_another_key(const Stack& old, const Own& before, const Own& after) const {
        for (const auto& stack : after)
            if (!find_in(before, stack.id) && !out_.renamed.contains(stack.id) &&
                is_the_same_place(old, stack))
                return &stack;
        return nullptr;
    }
    // Its settings stay those of the default branch.
    static Stack with_key_of(Stack old, const Stack& now) {
        old.id = now.id;
        old.place = now.place;
        return old;
    }

    DescribedStacks& out_;
    std::string_view branch_;
    const OwnFiles& files_;
};

}  // namespace

std::optional<OwnFile> own_file(const Repository& repository, const TreeId& tree) {
    if (auto text = repository.file(tree, repository_file))
        return OwnFile{std::string(repository_file), std::move(*text), {}};
    auto text = repository.file(tree, atlantis_file);
    if (!text) return std::nullopt;
    OwnFile out{std::string(atlantis_file), std::move(*text), {}};
    if (needs_directories(out.text))
        out.directories = terraform_directories(
            repository.files(tree, "."),
            [&](const std::string& path) { return repository.file(tree, path); });
    return out;
}

DescribedStacks describe(std::shared_ptr<const Organisation> organisation,
                         const RepositoryName& repository, std::string_view branch,
                         std::string_view default_branch, const SelfDescription& self,
                         const OwnFiles& files) {
    DescribedStacks out;
    for (const auto* stack : organisation->stacks_on(repository, branch))
        out.stacks.push_back(*stack);
    out.organisation = std::move(organisation);
    if (!self.may) return out;

    const auto read = [&](const OwnFile& file) {
        if (file.name == atlantis_file)
            return read_atlantis_file(file.text, {repository, std::string(default_branch),
                                                  self.space, self.may_set, file.directories});
        return read_repository_file(file.text, file.name, repository, default_branch, self.space,
                                    self.may_set, self.tools);
    };
    Description description(out, branch, files);
    auto trusted = description.stacks_of(files.trusted, read, true);
    const bool alike = files.after == files.trusted;
    auto after = alike ? trusted : description.stacks_of(files.after, read, true);
    if (trusted && after && files.counts && files.before != files.after) {
        const auto before = description.stacks_of(files.before, read, false);
        if (before) description.compare(*trusted, *before, *after);
    }
    description.take(trusted.value_or(Own()), after.value_or(Own()));
    return out;
}

}  // namespace slipway
