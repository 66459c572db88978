// What the worker itself remembers of the applies that it began, so that nothing depends on the
// queue's memory alone: a plan whose apply began is never begun again, whatever Redis has
// forgotten, and how it ended is known after a crash. One file per apply, named by the plan's
// digest, on the disk before the tool starts and again when it has ended. All workers that may
// claim a stack must share the directory (today they are slots of one process, and it lies in the
// data directory).
#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "handlers/runs/gateway/gateway.hpp"

namespace slipway {

struct JournalEntry {
    RunId run;
    StackId stack;
    std::string plan_digest;  // SHA-256 of the plan file's bytes, in hex
    std::uint64_t fence = 0;  // of the lease
    std::string worker;
    int pid = 0;                 // of the tool, or of the sandbox around it
    std::int64_t pid_since = 0;  // when that process started, as the kernel counts it
    std::string lock_id;         // of the state's lock that the apply held, where that was seen
    std::int64_t begun_at_ms = 0;
    std::int64_t ended_at_ms = 0;  // 0: nobody saw an end
    std::string how;               // "exited with 0"
    std::optional<PhaseResult>
        result;  // what was to be reported; absent: its end does not tell what it did

    static void fields(auto& self, auto&& f) {
        f("run", self.run);
        f("stack", self.stack);
        f("plan_digest", self.plan_digest);
        f("fence", self.fence);
        f("worker", self.worker);
        f("pid", self.pid);
        f("pid_since", self.pid_since);
        f("lock_id", self.lock_id);
        f("begun_at_ms", self.begun_at_ms);
        f("ended_at_ms", self.ended_at_ms);
        f("how", self.how);
        f("result", self.result);
    }
};

class Journal {
  public:
    explicit Journal(std::filesystem::path directory);

    // Nullopt: no apply of this plan ever began. An entry that cannot be read says that one began,
    // no more.
    std::optional<JournalEntry> find(const std::string& plan_digest) const;
    // On the disk when it returns. False: there is one, and nothing was written. Throws
    // Failure(never) where the disk does not take it.
    bool begin(const JournalEntry& entry);
    // What became of it; likewise.
    void update(const JournalEntry& entry);
    // Removes what was last written more than `days` ago.
    void forget_older_than(int days);

  private:
    std::filesystem::path path_of(const std::string& plan_digest) const;
    std::filesystem::path written(const JournalEntry& entry) const;
    void sync_directory() const;
    std::filesystem::path directory_;
};

inline constexpr int journal_days = 90;

// When the process started, as the kernel counts it; 0: there is none.
std::int64_t process_since(int pid);
// The tool of an entry without an end still runs on this machine.
bool still_runs(const JournalEntry& entry);

}  // namespace slipway
