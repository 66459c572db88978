// P8: a pull request's new commit in a repository of 10 000 files: fetch into the mirror, merge
// with the base, changed files, one stack's directory written; against a fresh shallow clone of the
// same repository.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "service/git/mirror.hpp"
#include "tests/bench/rounds.hpp"
#include "tests/support/git_fixture.hpp"
#include "tests/support/run_task.hpp"

using namespace slipway;
namespace fs = std::filesystem;

namespace {

constexpr int folder_count = 500, files_in_a_folder = 20, rounds = 7;

std::string folder(int n) { return "stacks/stack-" + std::to_string(n); }

// Two sides on memory, so that the disk's moods do not count.
void use_memory_for_files() {
    if (fs::is_directory("/dev/shm")) ::setenv("TMPDIR", "/dev/shm", 1);
}

}  // namespace

int main() {
    use_memory_for_files();
    TempDir dir;
    GitRepo work(dir.path() / "work");
    GitRepo origin(dir.path() / "origin.git", true);
    std::map<std::string, std::string> files;
    for (int n = 0; n < folder_count; ++n)
        for (int i = 0; i < files_in_a_folder; ++i)
            files[folder(n) + "/file-" + std::to_string(i) + ".tf"] =
                "resource \"terraform_data\" \"r" + std::to_string(i) + "\" {\n  input = \"" +
                std::string(static_cast<std::size_t>(n % 50) * 20, 'x') + std::to_string(n) +
                "\"\n}\n";
    CommitSha base = work.commit(files);
    work.git({"push", "-q", origin.path().string(), "HEAD:refs/heads/main"});

    asio::io_context io;
    auto mirrors = std::make_unique<Mirrors>(dir.path() / "mirrors", io.get_executor());
    GitRemote remote;
    remote.url = origin.path().string();
    remote.local = true;
    run_task(io, mirrors->fetch("local/infra", remote, {base}, {"main"}));
    auto repository = mirrors->open("local/infra");

    // The base moved on meanwhile, so that there is something to merge.
    CommitSha topic_base = base;
    base = work.commit({{"README.md", "moved on\n"}});
    work.git({"push", "-q", origin.path().string(), "HEAD:refs/heads/main"});

    std::vector<double> fetches, ours, clones;
    for (int round = 0; round < rounds; ++round) {
        work.git({"checkout", "-q", "-B", "topic", topic_base.value});
        CommitSha head = work.commit(
            {{folder(round) + "/file-3.tf", "# round " + std::to_string(round) + "\n"}});
        work.git({"push", "-q", "-f", origin.path().string(), "HEAD:refs/heads/topic"});
        double fetch = bench::seconds_of([&] {
            run_task(io, mirrors->fetch("local/infra", remote, {head}, {"main", "topic"}));
        });
        double rest = bench::seconds_of([&] {
            auto merged = repository->merge(base, head);
            auto changed = repository->changed_files(repository->tree_of(base), *merged.tree);
            repository->materialise(*merged.tree, {folder(round)},
                                    dir.path() / ("run-" + std::to_string(round)));
            if (changed.size() != 1) std::abort();
        });
        fetches.push_back(fetch);
        ours.push_back(fetch + rest);
        clones.push_back(bench::seconds_of([&] {
            work.git({"clone", "-q", "--depth", "1", "--branch", "topic",
                      "file://" + origin.path().string(),
                      (dir.path() / ("clone-" + std::to_string(round))).string()});
        }));
        fs::remove_all(dir.path() / ("clone-" + std::to_string(round)));
    }
    std::printf(
        "fetch %.1f ms; with merge, diff and materialise %.1f ms; shallow clone %.1f ms "
        "(medians of %d rounds in turn)\n",
        bench::median(fetches) * 1000, bench::median(ours) * 1000, bench::median(clones) * 1000,
        rounds);
    return bench::verdict("P8", bench::median(ours) / bench::median(clones), 0.1);
}
