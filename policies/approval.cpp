// Approval policies: have those who must approve done so? All must say yes, one that rejects or
// cannot be evaluated is enough to stop. Each person's newest word counts, and only of those who
// may write; whether an author's own word counts is the policy's to say.
#include <algorithm>
#include <map>

#include "policies/engine/judged.hpp"
#include "service/base/clock.hpp"

namespace slipway {

namespace {

Json strings(const std::vector<std::string>& list) {
    Json::Array out;
    for (const auto& one : list) out.emplace_back(one);
    return Json(std::move(out));
}

std::vector<const GivenReview*> newest_of_each(const std::vector<GivenReview>& reviews) {
    std::map<std::pair<std::string, std::string>, const GivenReview*> newest;
    for (const auto& review : reviews) {
        auto& known = newest[{review.forge, review.author}];
        if (!known || review.at_ms >= known->at_ms) known = &review;
    }
    std::vector<const GivenReview*> out;
    for (const auto& [who, review] : newest) out.push_back(review);
    std::ranges::stable_sort(out, {}, &GivenReview::at_ms);
    return out;
}

Json review_input(const GivenReview& review, const Json& state) {
    Json session = Json::object({{"login", review.author},
                                 {"name", review.author},
                                 {"admin", false},
                                 {"member", true},
                                 {"machine", false},
                                 {"teams", strings(review.teams)}});
    return Json::object(
        {{"author", review.author},
         {"author_roles", Json::array()},
         {"request", Json::object({{"remote_ip", ""}, {"timestamp_ns", review.at_ms * 1'000'000}})},
         {"session", std::move(session)},
         {"state", state},
         {"is_author", review.is_author},
         {"forge", review.forge},
         {"commit", review.commit.value},
         {"source", review.source}});
}

Json reviews_input(const std::vector<GivenReview>& reviews, const Json& state) {
    Json approvals = Json::array(), rejections = Json::array();
    for (const auto* review : newest_of_each(reviews))
        if (review->may_write)
            (review->approves ? approvals : rejections).push(review_input(*review, state));
    return Json::object(
        {{"approvals", std::move(approvals)}, {"rejections", std::move(rejections)}});
}

Approval approval_of(const Judged& judged) {
    if (judged.faulty()) return Approval::error;
    if (judged.says("reject") || judged.value("reject_with_note")) return Approval::rejected;
    if (judged.says("approve") || judged.value("approve_with_note")) return Approval::approved;
    return Approval::undecided;
}

// One that stops outweighs one that waits, which outweighs one that agrees.
int weight(Approval approval) {
    switch (approval) {
        case Approval::error:
            return 3;
        case Approval::rejected:
            return 2;
        case Approval::undecided:
            return 1;
        case Approval::approved:
            break;
    }
    return 0;
}

template <class T>
void add_once(std::vector<T>& list, T one) {
    if (std::ranges::find(list, one) == list.end()) list.push_back(std::move(one));
}

// A text, or {"msg": "2 of team dba", "count": 2, "team": "dba"}. With `count` 0 it is no approval
// that is missing: "frozen until …", which nobody's yes changes; `until`, in nanoseconds or as
// RFC 3339 writes it, is when it will have passed.
MissingApproval missing_of(const Json& value) {
    MissingApproval out;
    out.text = message_of(value);
    if (!value.is_object()) return out;
    out.count = static_cast<int>(std::clamp<std::int64_t>(value["count"].int_or(1), 0, 100));
    out.team = value["team"].text();
    const auto& until = value["until"];
    if (out.count == 0)
        out.until_ms =
            until.is_string() ? parse_utc_iso(until.text()) : until.int_or(0) / 1'000'000;
    return out;
}

// Whose approval would change nothing: it counts already, or it is given and does not count.
std::vector<std::string> not_again(const std::vector<std::string>& counted,
                                   const ApprovalQuestion& question) {
    auto out = counted;
    for (const auto* review : newest_of_each(question.reviews))
        if (review->approves) add_once(out, review->author);
    std::ranges::sort(out);
    return out;
}

// What two policies say alike is missing once.
void add_missing(std::vector<MissingApproval>& list, MissingApproval one,
                 const std::vector<std::string>& not_by) {
    for (auto& known : list) {
        if (known.text != one.text || known.count != one.count || known.team != one.team) continue;
        if (one.count > 0)
            for (const auto& login : not_by) add_once(known.not_by, login);
        return;
    }
    if (one.count > 0) one.not_by = not_by;
    list.push_back(std::move(one));
}

// Whose approvals the policy counts: those it names, else all that it was shown.
std::vector<std::string> counted_by(const Judged& judged, const ApprovalQuestion& question) {
    std::vector<std::string> logins;
    for (const auto* value : judged.values("approved_by")) logins.push_back(value->value.text());
    if (!logins.empty() || judged.value("needed")) return logins;
    for (const auto* review : newest_of_each(question.reviews))
        if (review->approves && review->may_write) logins.push_back(review->author);
    return logins;
}

std::string what_was_seen(const GivenReview& review) {
    if (!review.plan.empty()) return "plan " + std::string(shortened(review.plan, 4));
    return "commit " + std::string(shortened(review.commit.value));
}

std::string said(const GivenReview& review) {
    auto out = review.author + (review.approves ? " approved " : " rejected ") +
               what_was_seen(review) + " at " + utc_minutes(review.at_ms) + " (" + review.source +
               ")";
    if (!review.note.empty()) out += ": " + review.note;
    return out;
}

constexpr std::string_view not_counted = ", which does not count";

// What people said of other plans, or commits, than this one.
void add_older(Explanation& node, const ApprovalQuestion& question) {
    const auto current = newest_of_each(question.reviews);
    for (const auto* review : newest_of_each(question.older)) {
        const bool said_again = std::ranges::any_of(current, [&](const GivenReview* one) {
            return one->author == review->author && one->forge == review->forge;
        });
        if (said_again) continue;
        const auto* other = review->plan.empty() ? "commit" : "plan";
        node.because.push_back(
            {said(*review) + std::string(not_counted) + ": it is of another " + other, "", {}});
    }
}

void add_reviews(Explanation& node, const std::vector<std::string>& counted,
                 const ApprovalQuestion& question) {
    for (const auto* review : newest_of_each(question.reviews)) {
        const bool counts = std::ranges::find(counted, review->author) != counted.end();
        std::string text = said(*review);
        if (!review->may_write)
            text += std::string(not_counted) + ": " +
                    (review->why_not.empty() ? "no write permission" : review->why_not);
        else if (review->approves && !counts)
            text += std::string(not_counted) +
                    (review->is_author ? ": it is their own change" : " for this policy");
        node.because.push_back({std::move(text), "", {}});
    }
}

Explanation node_of(const Judged& judged, Approval approval,
                    const std::vector<std::string>& counted, const ApprovalQuestion& question) {
    Explanation node{"approval policy " + judged.policy.name, "", {}};
    if (judged.faulty()) return faulty_node(node.text, judged);
    node.outcome = word(approval);
    if (const auto* needed = judged.value("needed"); needed && approval != Approval::rejected)
        node.outcome =
            std::to_string(counted.size()) + " of " + std::string(needed->value.number_text());
    for (const char* rule : {"approve_with_note", "reject_with_note"})
        for (const auto* note : judged.values(rule)) node.outcome += ": " + message_of(note->value);
    add_reviews(node, counted, question);
    const bool rejects = approval == Approval::rejected;
    for (const char* rule :
         {rejects ? "reject" : "approve", rejects ? "reject_with_note" : "approve_with_note"})
        if (!is_default(judged.policy)) add_read(node, judged, rule);
    for (const auto* missing : judged.values("missing"))
        node.because.push_back(
            {(missing_of(missing->value).count > 0 ? "needs " : "") + message_of(missing->value),
             "",
             {}});
    return node;
}

void add_findings(const Judged& judged, ApprovalDecision& decision) {
    for (const auto& fault : judged.answer.faults)
        decision.findings.push_back(finding_of(judged.policy, fault));
    for (const auto* note : judged.values("reject_with_note"))
        decision.findings.push_back(finding_of(judged.policy, *note, Finding::Severity::deny));
    for (const auto* note : judged.values("approve_with_note"))
        decision.findings.push_back(finding_of(judged.policy, *note, Finding::Severity::note));
}

}  // namespace

Json approval_input(const ApprovalQuestion& question) {
    // Asked again before its apply begins, as it was when it waited: a policy that asks for
    // approvals where the state is UNCONFIRMED must not find that it is CONFIRMED by now.
    Run as_asked = question.run;
    if (as_asked.state == RunState::confirmed) as_asked.state = RunState::unconfirmed;
    Json run = run_input(as_asked, question.plan ? &*question.plan : nullptr);
    run.set("repository_runtime_config_changed", false);
    const Json state = run["state"];
    Json out = Json::object();
    out.set("reviews", Json::object({{"current", reviews_input(question.reviews, state)},
                                     {"older", reviews_input(question.older, state)}}));
    out.set("run", std::move(run));
    out.set("stack", stack_input(question.stack));
    out.set("request", Json::object({{"timestamp_ns", question.now_ms * 1'000'000}}));
    if (question.plan) out.set("plan", plan_value(*question.plan));
    out.set("cost", cost_input(question.run, question.estimate.get()));
    out.set("third_party_metadata",
            third_party_metadata(question.run, question.estimate.get(), question.now_ms));
    return out;
}

ApprovalDecision decide(const ApprovalQuestion& question, const std::vector<Judged>& judged) {
    ApprovalDecision decision;
    decision.why.text = "approval policies";
    decision.approval = judged.empty() ? Approval::undecided : Approval::approved;
    for (const auto& one : judged) {
        const Approval approval = approval_of(one);
        if (weight(approval) > weight(decision.approval)) decision.approval = approval;
        const auto counted = counted_by(one, question);
        if (!one.faulty())
            for (const auto& login : counted) add_once(decision.approved_by, login);
        if (approval == Approval::undecided)
            for (const auto* missing : one.values("missing"))
                add_missing(decision.missing, missing_of(missing->value),
                            not_again(counted, question));
        add_findings(one, decision);
        decision.why.because.push_back(node_of(one, approval, counted, question));
    }
    add_older(decision.why, question);
    for (const auto* review : newest_of_each(question.reviews))
        if (!review->approves && review->may_write) add_once(decision.rejected_by, review->author);
    decision.why.outcome = word(decision.approval);
    return decision;
}

}  // namespace slipway
