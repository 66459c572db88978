// What the program does for the built-in forge beside being its adapter: its hooks, and `slipway
// pull`.
//
// Rule S6: whoever may write the folder is trusted. The actor is the operating-system user, or any
// name
// (`--as`) for the folder's owner. Each repository has its own hook secret (slipway.secret, mode
// 0600). Pushes to refs/pull/* are refused: those refs are written here alone.
#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "service/base/config.hpp"
#include "service/base/result.hpp"

namespace slipway {

// Makes every bare repository below the forge's root send its webhooks to `url`/webhooks/<name>:
// hooks that call `program hook …`, and a secret. Idempotent.
void install_builtin_hooks(const std::string& name, const BuiltinConfig& config,
                           const std::string& url, const std::filesystem::path& program);

// The same for repositories that come while the service runs; what was pushed to refs/for/* before
// they had their hooks becomes the pull request that it was meant to be. Blocking.
class BuiltinWatch {
  public:
    BuiltinWatch(std::string name, BuiltinConfig config, std::string url,
                 std::filesystem::path program);
    void look();  // every second or so

  private:
    std::string name_;
    BuiltinConfig config_;
    std::string url_;
    std::filesystem::path program_;
    std::map<std::string, int> looks_;  // repository -> how often it was looked at
};

// What git calls, in the repository's directory: pre-receive, proc-receive or post-receive.
// Standard input and output are git's (githooks(5)). The exit code for git.
int run_builtin_hook(const std::string& hook);

// One call of `slipway pull`, from a working copy whose origin is a repository of the folder, or on
// that repository itself.
struct PullCall {
    enum class Verb { list, show, checks, comment, review, merge, close };
    Verb verb = Verb::list;
    std::filesystem::path repository = ".";
    int number = 0;
    std::string as;       // "": the operating-system user
    std::string text;     // comment
    bool approve = true;  // review: else request changes
    bool squash = false;  // merge
    bool anyway = false;  // merge although the summary check is not green
    bool json = false;
    std::string check_name = "slipway";
};
// Prints what a web page would show, or what was done. The exit code of the command line.
int call_pull(const PullCall& call);

// The ref that `slipway pull open` pushes HEAD to. `base` "": the default branch; `topic` "": the
// branch that the working copy is on. Throws Failure where nothing can be opened from here.
std::string ref_to_open(const std::filesystem::path& folder, std::string base, std::string topic);

// Where a working copy of the built-in forge has a pull request.
struct BuiltinPlace {
    std::string repository;  // "local/acme/infra"; "": the service has not set it up yet
    std::string head;        // of the pull request, now
};
// nullopt: no working copy of the built-in forge lies there. Throws Failure where the pull request
// is unknown.
std::optional<BuiltinPlace> find_builtin_pull(const std::filesystem::path& repository, int number);

}  // namespace slipway
