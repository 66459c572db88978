// What people do, on the forge and by commands, and the network that carries the forge's webhooks:
// late, twice, in another order, or never. Comments and reviews do arrive; nobody looks for those.
#pragma once
#include "tests/support/simulation/world.hpp"

namespace slipway::simulation {

class People {
  public:
    explicit People(World& world) : world_(world), forge_(world.forge) {}

    std::map<std::string, std::string> said;  // comment -> text, of all commands

    void do_something() {
        const auto number = any_pull();
        switch (below(16)) {
            case 0:
            case 1:
                return forge_.pulls.size() < 3 || below(6) == 0 ? open() : push(number);
            case 2:
                return push(number);
            case 3:
            case 4:
                return merge(number);
            case 5:
                return close_or_reopen(number);
            case 6:
            case 7:
                return review(number);
            case 8:
                return change_rights_or_policies();
            case 9:
                return below(4) ? command(number) : push_to_main();
            case 10:
                return below(3) ? command(number) : ask_for_check(number);
            default:
                return command(number);
        }
    }

    void open() { open_at(changed({world_.main})); }
    void open_with(const Origin::Files& files) {
        auto& origin = world_.ground.origin;
        open_at(
            origin.commit(origin.tree_with(world_.main, files), {world_.main}, "Change", now()));
    }
    void open_at(CommitSha head) {
        const int number = static_cast<int>(forge_.pulls.size()) + 1;
        auto& one = forge_.pulls[number];
        one.pull.name = {infra, number};
        one.pull.author = {infra.forge, below(3) ? "ada" : "linus"};
        one.pull.head_branch = "topic-" + std::to_string(number);
        one.pull.base_branch = "main";
        one.pull.default_branch = "main";
        set_head(one, std::move(head));
        tell_pull(number, PullChange::opened);
    }
    void merge(int number) {
        if (!number) return;
        auto& one = forge_.pulls.at(number);
        const auto* check = forge_.check("slipway", one.pull.head);
        const bool green =
            check && check->status == CheckStatus::done && check->conclusion != Conclusion::failed;
        if (one.pull.state != PullState::open || (!green && below(4))) return;
        const auto merged = world_.ground.origin.view().merge(world_.main, one.pull.head);
        if (!merged.tree) return;
        note("merges " + std::to_string(number));
        const auto before = world_.main;
        world_.main =
            world_.ground.origin.commit(*merged.tree, {world_.main, one.pull.head},
                                        "Merge pull request #" + std::to_string(number), now());
        world_.ground.origin.set("refs/heads/main", world_.main);
        one.pull.state = PullState::merged;
        one.pull.merge_commit = world_.main;
        forge_.tell(BranchPushed{infra, "main", before, world_.main, false, one.pull.author});
        tell_pull(number, PullChange::closed);
    }

    // --- what they see through once all is quiet
    void approve_and_merge() {
        for (auto& [number, one] : forge_.pulls) {
            if (one.pull.state != PullState::open || below(4) == 0) continue;
            if (below(4)) add_review(one, {infra.forge, "grace"}, ReviewState::approved);
            merge(number);
        }
    }
    void say(int number, const std::string& who, const std::string& text) {
        const auto id = std::to_string(++comments_);
        Comment comment;
        comment.id = id;
        comment.pull = {infra, number};
        comment.author = {infra.forge, who};
        comment.body = "/slipway " + text;
        comment.created_at_ms = now();
        note(who + " on " + std::to_string(number) + ": " + text);
        said[id] = text;
        forge_.comments[id] = comment;
        forge_.tell(CommentCreated{comment.pull, id, comment.author, comment.body});
    }

    // --- the network
    bool deliver() {
        if (forge_.undelivered.empty()) return false;
        auto& all = forge_.undelivered;
        const auto at = all.begin() + (world_.schedule.faults ? below(all.size()) : 0);
        const int which = *at;
        const auto& event = forge_.told[static_cast<std::size_t>(which)];
        const bool looked_for = std::holds_alternative<PullRequestChanged>(event) ||
                                std::holds_alternative<BranchPushed>(event);
        if (looked_for && world_.schedule.fault_in(12)) {
            note("a webhook is lost");
            all.erase(at);
            return true;
        }
        Delivery delivery;
        delivery.forge = infra.forge;
        delivery.id = "d" + std::to_string(which);
        delivery.event = "any";
        delivery.body = std::to_string(which);
        delivery.received_at_ms = now();
        delivery.repository = infra.text();
        run_task(world_.ground.io, world_.memory->accept(std::move(delivery)));
        if (!world_.schedule.fault_in(8))
            all.erase(all.begin() + (at - all.begin()));  // else twice
        return true;
    }

  private:
    int below(std::size_t n) { return world_.schedule.below(n); }
    std::int64_t now() const { return world_.clock.now_ms(); }
    void note(std::string what) { world_.schedule.note("-- " + std::move(what)); }

    int any_pull() {
        if (forge_.pulls.empty()) return 0;
        return below(forge_.pulls.size()) + 1;
    }
    void tell_pull(int number, PullChange change) {
        const auto& one = forge_.pulls.at(number);
        note(std::string(word(change)) + " " + std::to_string(number));
        forge_.tell(PullRequestChanged{one.pull.name, change, one.pull.author});
    }
    // A commit that changes one stack's directory, or two.
    CommitSha changed(const std::vector<CommitSha>& parents) {
        Origin::Files files;
        static const char* const stacks[] = {"net", "net", "db", "app"};
        for (int i = below(3) ? 1 : 2; i > 0; --i)
            files["stacks/" + std::string(stacks[below(4)]) + "/" + (below(2) ? "a" : "b") +
                  ".tf"] = "# " + std::to_string(++changes_) + "\n";
        auto& origin = world_.ground.origin;
        return origin.commit(origin.tree_with(parents.front(), files), parents,
                             "Change " + std::to_string(changes_), now());
    }
    void set_head(HostedForge::HostedPull& one, CommitSha head) {
        one.pull.head = head;
        one.pull.head_pushed_at_ms = now();
        one.heads.push_back(head);
        world_.ground.origin.set(forge_.ref_of_pull(one.pull.name.number), head);
    }
    void push(int number) {
        if (!number) return open();
        auto& one = forge_.pulls.at(number);
        if (one.pull.state != PullState::open) return;
        if (one.heads.size() > 1 && below(5) == 0)  // back to an earlier one, by force
            set_head(one, one.heads[static_cast<std::size_t>(below(one.heads.size() - 1))]);
        else
            set_head(one, changed({one.pull.head}));
        tell_pull(number, PullChange::pushed);
    }
    void push_to_main() {
        const auto before = world_.main;
        world_.main = changed({before});
        world_.ground.origin.set("refs/heads/main", world_.main);
        note("pushes to main");
        const Actor root{infra.forge, "root"};
        forge_.tell(BranchPushed{infra, "main", before, world_.main, false, root});
    }
    void close_or_reopen(int number) {
        if (!number || below(2)) return;
        auto& state = forge_.pulls.at(number).pull.state;
        if (state == PullState::merged) return;
        state = state == PullState::open ? PullState::closed : PullState::open;
        tell_pull(number, state == PullState::open ? PullChange::reopened : PullChange::closed);
    }
    void review(int number) {
        if (!number) return;
        static const char* const people[] = {"ada", "grace", "linus"};
        auto& one = forge_.pulls.at(number);
        const Actor who{infra.forge, people[below(3)]};
        const auto dice = below(6);
        if (dice == 0) {
            if (one.reviews.empty()) return;
            one.reviews[static_cast<std::size_t>(below(one.reviews.size()))].state =
                ReviewState::dismissed;
            note("a review is dismissed");
        } else {
            return add_review(one, who,
                              dice == 1 ? ReviewState::changes_requested : ReviewState::approved);
        }
        forge_.tell(ReviewChanged{one.pull.name, who});
    }
    void add_review(HostedForge::HostedPull& one, const Actor& who, ReviewState state) {
        ForgeReview review;
        review.id = std::to_string(++reviews_);
        review.author = who;
        review.state = state;
        review.commit = one.pull.head;
        review.submitted_at_ms = now();
        one.reviews.push_back(review);
        note(who.login + " reviews " + std::to_string(one.pull.name.number) + ": " +
             std::string(word(state)));
        forge_.tell(ReviewChanged{one.pull.name, who});
    }
    void ask_for_check(int number) {
        if (!number) return;
        const auto& pull = forge_.pulls.at(number).pull;
        note("asks for the check of " + std::to_string(number));
        forge_.tell(CheckRerequested{infra, pull.head, "", pull.author});
    }
    void change_rights_or_policies() {
        static const char* const people[] = {"ada", "grace", "linus"};
        if (below(3) == 0) {
            world_.policies.denies = below(4) == 0;
            return note(world_.policies.denies ? "policies deny" : "policies pass");
        }
        const auto* who = people[below(3)];
        forge_.permissions[who] = below(3) ? Permission::write : Permission::read;
        note(std::string(who) + " may " + std::string(word(forge_.permissions[who])));
    }
    void command(int number) {
        if (!number) return;
        static const char* const people[] = {"ada", "grace", "grace", "linus", "root"};
        static const char* const verbs[] = {"approve", "approve", "approve", "apply",
                                            "apply",   "reject",  "cancel",  "retry",
                                            "plan",    "lock",    "unlock",  "resolve"};
        const auto record = world_.record(number);
        std::string text = verbs[below(record.stacks.empty() ? 11 : 12)];
        if (record.stacks.empty() || (text != "resolve" && below(4) == 0))
            return say(number, people[below(5)], text);
        const auto& stack = record.stacks[static_cast<std::size_t>(below(record.stacks.size()))];
        const auto& id = stack.tracked.empty() ? stack.proposed : stack.tracked;
        const auto& name = stack.settings.id.value;
        if (text == "resolve") {
            // Nobody says so while they see it at work.
            if (world_.infrastructure.is_applying(name)) return;
            return say(number, people[below(5)],
                       "resolve " + name + (below(2) ? " applied" : " failed"));
        }
        text += " " + name;
        const auto digest = plan_of(world_.run(id)).digest.substr(0, 12);
        if ((text.starts_with("approve") || text.starts_with("apply")) && !digest.empty())
            text += "@" + digest;
        say(number, people[below(5)], text);
    }

    World& world_;
    HostedForge& forge_;
    int comments_ = 0, changes_ = 0, reviews_ = 0;
};

}  // namespace slipway::simulation
