// P14: which of 10 000 stacks do 3 000 changed files concern, against reading the same paths once:
// the stacks' directories and the changed files, split from one text into strings.
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "service/model/concerned.hpp"
#include "tests/bench/rounds.hpp"

using namespace slipway;

namespace {

constexpr int stack_count = 10'000, changed_count = 3'000, module_count = 400;

std::string module_directory(unsigned n) { return "modules/module-" + std::to_string(n); }

struct Repository {
    std::vector<Stack> stacks;
    std::vector<Uses> uses;
    std::vector<StackWithUses> both;
    std::vector<std::string> changed;
    std::string text;  // all paths, one a line
};

// Teams with services in four environments; everybody uses three modules and follows two patterns,
// and a pull request that touches every hundredth service, some modules and much that concerns
// nobody.
Repository make_repository() {
    std::mt19937 random(14);
    Repository made;
    for (int i = 0; i < stack_count; ++i) {
        Stack stack;
        stack.directory =
            "teams/team-" + std::to_string(i / 100) + "/services/service-" + std::to_string(i / 4) +
            "/" + (const char*[]){"development", "staging", "production", "recovery"}[i % 4];
        stack.also_triggered_by = {module_directory(random() % module_count) + "/templates/*.tpl",
                                   "teams/team-" + std::to_string(i / 100) + "/**/common.tfvars"};
        Uses uses;
        for (int n = 0; n < 3; ++n) uses.paths.push_back(module_directory(random() % module_count));
        made.text += stack.directory + "\n";
        made.stacks.push_back(std::move(stack));
        made.uses.push_back(std::move(uses));
    }
    for (int i = 0; i < stack_count; ++i) made.both.push_back({&made.stacks[i], &made.uses[i]});
    for (int i = 0; i < changed_count; ++i) {
        std::string path;
        if (i % 3 == 0)
            path = made.stacks[random() % 100 * 100].directory;
        else if (i % 30 == 1)
            path = module_directory(random() % 40);
        else
            path = "applications/application-" + std::to_string(random() % 500) + "/source";
        made.changed.push_back(path + "/file-" + std::to_string(random() % 1000) + ".tf");
    }
    std::sort(made.changed.begin(), made.changed.end());  // as git lists them
    for (const auto& path : made.changed) made.text += path + "\n";
    return made;
}

std::size_t read_paths(const std::string& text) {
    std::vector<std::string> paths;
    for (std::size_t from = 0; from < text.size();) {
        const auto end = text.find('\n', from);
        paths.emplace_back(text, from, end - from);
        from = end + 1;
    }
    return paths.size();
}

}  // namespace

int main() {
    const auto repository = make_repository();
    std::size_t concerned = 0, paths = 0;
    const auto rounds = bench::in_turn_by_cpu(
        21, [&] { concerned = stacks_concerned(repository.both, repository.changed).size(); },
        [&] { paths = read_paths(repository.text); });
    std::printf("%zu of %d stacks concerned in %.0f us; %zu paths read in %.0f us\n", concerned,
                stack_count, rounds.measured * 1e6, paths, rounds.yardstick * 1e6);
    return bench::verdict("P14", rounds.ratio(), 10);
}
