// Pull requests of the built-in forge, and what its hooks call.
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <iostream>

#include "handlers/forges/builtin.hpp"
#include "service/app/commands.hpp"
#include "service/app/pull_wait.hpp"

namespace slipway {

namespace {

struct Options {
    PullCall call;
    std::string base, topic;
};

// `git push origin HEAD:refs/for/<base>/<topic>`, said shorter. git's own output tells the number.
int open_pull(const Options& options) {
    const auto target = "HEAD:" + ref_to_open(options.call.repository, options.base, options.topic);
    const auto directory = options.call.repository.string();
    execlp("git", "git", "-C", directory.c_str(), "push", "--quiet", "origin", target.c_str(),
           static_cast<char*>(nullptr));
    std::cerr << "slipway: git was not found on PATH\n";
    return 3;
}

void add_open(CLI::App& pull, Chosen& chosen, const std::shared_ptr<Options>& options) {
    auto* open =
        pull.add_subcommand("open", "Opens or updates the pull request of a topic from HEAD");
    open->add_option("--repository", options->call.repository, "Working copy (default: here)");
    open->add_option("--base", options->base, "Branch to merge into (default: the repository's)");
    open->add_option("--topic", options->topic,
                     "The pull request's topic (default: your branch); the same topic updates it");
    open->footer(
        "Example: slipway pull open --topic my-topic; the same as git push origin "
        "HEAD:refs/for/main/my-topic");
    open->callback([options, &chosen] { chosen = [options] { return open_pull(*options); }; });
}

void add_wait(CLI::App& pull, Chosen& chosen) {
    struct Waiting {
        PullWait wanted;
        std::string what = "checks", timeout = "10m";
    };
    auto options = std::make_shared<Waiting>();
    auto& wanted = options->wanted;
    auto* command = pull.add_subcommand(
        "wait", "Waits until the checks are final, or until what was merged is applied");
    add_where(command, wanted.where);
    command->add_option("number", wanted.number, "Number of the pull request")
        ->required()
        ->check(CLI::Range(1, 1'000'000'000));
    command->add_option("--for", options->what, "checks (default) or apply")
        ->check(CLI::IsMember({"checks", "apply"}));
    command->add_option("--timeout", options->timeout, "How long: 90s, 10m (default), 2h")
        ->check([](const std::string& text) {
            return parse_duration(text) ? std::string() : "wants a time such as 90s, 10m or 2h";
        });
    command->add_option("--repository", wanted.repository,
                        "Working copy of a repository of the built-in forge (default: here)");
    command->add_option("--name", wanted.name,
                        "Any other repository, by its forge and path: github.com/acme/infra");
    command->add_option("--head", wanted.head, "Commit to wait for, or its beginning");
    command->footer(
        "Example: slipway pull wait 12 --for apply --timeout 30m\n"
        "Exits with 0 for yes, 1 for no, 2 after the timeout.");
    command->callback([=, &chosen] {
        chosen = [options] {
            auto asked = options->wanted;
            asked.what = options->what == "apply" ? WaitFor::apply : WaitFor::checks;
            asked.timeout = *parse_duration(options->timeout);
            return wait_for_pull(asked);
        };
    });
}

void add_hook(CLI::App& app, Chosen& chosen) {
    auto hook = std::make_shared<std::string>();
    auto* hooks =
        app.add_subcommand("hook", "What git calls in a repository of the built-in forge");
    hooks->group("");  // not for people
    hooks->add_option("name", *hook, "pre-receive, proc-receive or post-receive")->required();
    hooks->callback([hook, &chosen] { chosen = [hook] { return run_builtin_hook(*hook); }; });
}

}  // namespace

void add_pull_commands(CLI::App& app, Chosen& chosen) {
    auto options = std::make_shared<Options>();
    auto& call = options->call;
    auto* pull = app.add_subcommand("pull", "Pull requests of the built-in forge");
    pull->require_subcommand(1);
    pull->footer("Example: git push origin HEAD:refs/for/main/my-topic, then slipway pull show 1");

    auto add = [&](const char* name, const char* help, PullCall::Verb verb, bool numbered) {
        auto* command = pull->add_subcommand(name, help);
        command->add_option("--repository", call.repository,
                            "Working copy or bare repository (default: here)");
        if (numbered)
            command->add_option("number", call.number, "Number of the pull request")->required();
        command->footer("Example: slipway pull " + std::string(name) + (numbered ? " 1" : ""));
        command->callback([options, verb, &chosen] {
            options->call.verb = verb;
            chosen = [options] { return call_pull(options->call); };
        });
        return command;
    };
    auto speaking = [&](CLI::App* command) {
        command->add_option("--as", call.as, "Speak as somebody else (the folder's owner may)");
        return command;
    };
    add("list", "All pull requests", PullCall::Verb::list, false)
        ->add_flag("--json", call.json, "JSON");
    add("show", "What a web page would show", PullCall::Verb::show, true)
        ->add_flag("--json", call.json, "JSON");
    add("checks", "The checks of the head, and after the merge of the commit that did it",
        PullCall::Verb::checks, true)
        ->add_flag("--json", call.json, "JSON");
    auto* comment = speaking(add("comment", "Writes a comment; a line \"/slipway …\" is a command",
                                 PullCall::Verb::comment, true));
    comment->add_option("text", call.text, "The comment")->required();
    comment->footer("Example: slipway pull comment 1 \"/slipway approve network\" --as grace");
    auto* review = speaking(add("review", "Approves the present head, or asks for changes",
                                PullCall::Verb::review, true));
    review->add_flag("--approve,!--request-changes", call.approve, "What the review says")
        ->required();
    review->add_option("--check-name", call.check_name, "Name of the summary check");
    review->footer("Example: slipway pull review 1 --approve --as grace");
    auto* merge =
        speaking(add("merge", "Merges into the base branch", PullCall::Verb::merge, true));
    merge->add_flag("--squash", call.squash, "As one commit");
    merge->add_flag("--anyway", call.anyway, "Although the summary check is not green");
    merge->add_option("--check-name", call.check_name, "Name of the summary check");
    speaking(add("close", "Closes without merging", PullCall::Verb::close, true));
    add_open(*pull, chosen, options);
    add_wait(*pull, chosen);
    add_hook(app, chosen);
}

}  // namespace slipway
