// What is the same for comments on every REST forge: one that is kept up to date, one that is
// written once, and what is known of where none of ours stands. Each finds what an earlier life of
// the service has already written, so that a restart never says a thing twice.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "handlers/forges/forge.hpp"
#include "handlers/forges/rest/reply.hpp"

namespace slipway::rest {

// Pull requests that were just read and had no comment: ours does not have to be looked for there.
class CommentMemory {
  public:
    void was_read(const PullRequestName& pull, std::int64_t comments, std::int64_t now_ms);
    bool surely_none(const PullRequestName& pull, std::int64_t now_ms) const;
    // Before one is made: nobody knows whether it was until the answer is there, and a reading from
    // before it proves nothing.
    void begins(const PullRequestName& pull);
    void succeeded(const PullRequestName& pull) { unsure_.erase(pull); }

  private:
    std::map<PullRequestName, std::int64_t> without_;
    std::set<PullRequestName> unsure_;
};

class CommentingForge : public Forge {
  public:
    Task<std::string> put_comment(PullRequestName pull, std::string known_id, std::string marker,
                                  std::string body) final;
    Task<std::string> add_comment(PullRequestName pull, std::string key, std::string body) final;

  protected:
    // Of ours, the one that begins so.
    virtual Task<std::optional<std::string>> find_comment(PullRequestName pull,
                                                          std::string beginning) = 0;
    virtual Task<std::string> create_comment(PullRequestName pull, std::string body) = 0;
    // False: somebody deleted it.
    virtual Task<bool> edit_comment(PullRequestName pull, std::string id, std::string body) = 0;
};

// The id in the answer to a creation; throws Failure where there is none.
std::string id_of(const HttpReply& reply, const Dialect& dialect, const std::string& what);

}  // namespace slipway::rest
