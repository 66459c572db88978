// Which head a review holds for.
#include "service/model/pull_request.hpp"

#include <doctest/doctest.h>

using namespace slipway;

namespace {

const CommitSha head("head"), other("other");

PullRequest pushed_at(std::int64_t ms) {
    PullRequest out;
    out.head = head;
    out.head_pushed_at_ms = ms;
    return out;
}

ForgeReview given_at(std::int64_t ms, std::optional<CommitSha> commit = {}) {
    ForgeReview out;
    out.state = ReviewState::approved;
    out.commit = std::move(commit);
    out.submitted_at_ms = ms;
    return out;
}

}  // namespace

TEST_CASE("W3: a review holds for the commit that it names and for no other") {
    CHECK(is_of(given_at(5, head), head, pushed_at(0)));
    CHECK_FALSE(is_of(given_at(5, other), head, pushed_at(0)));
    CHECK_FALSE(is_of(given_at(5, other), head, pushed_at(1)));
    CHECK_FALSE(is_of(given_at(5, CommitSha()), head, pushed_at(1)));
}

TEST_CASE("W3: an approval of an unknown commit holds only if given after the head was pushed") {
    CHECK(is_of(given_at(11), head, pushed_at(10)));
    CHECK_FALSE(is_of(given_at(10), head, pushed_at(10)));
    CHECK_FALSE(is_of(given_at(9), head, pushed_at(10)));
    CHECK_FALSE(is_of(given_at(11), head, pushed_at(0)));    // nobody knows when
    CHECK_FALSE(is_of(given_at(11), other, pushed_at(10)));  // a head of before
}

TEST_CASE("W3: a refusal of an unknown commit holds whatever was pushed") {
    auto refusal = given_at(5);
    refusal.state = ReviewState::changes_requested;
    CHECK(is_of(refusal, head, pushed_at(0)));
    CHECK(is_of(refusal, head, pushed_at(10)));
    refusal.commit = other;
    CHECK_FALSE(is_of(refusal, head, pushed_at(0)));
}
