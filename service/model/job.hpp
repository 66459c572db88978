// What the queue carries. A job's id says what it is about, so asking twice is asking once: a job
// that waits already is left as it is, one that is being worked on runs once more when it is done.
#pragma once
#include <cstdint>
#include <string>

#include "service/model/id.hpp"
#include "service/model/words.hpp"

namespace slipway {

enum class JobKind {
    event,     // react to a stored delivery              event/<forge>/<delivery>
    look,      // look at a pull request again, with new runs               look/<pull>/<comment id>
    command,   // a person's request                      command/<forge>/<comment id>,
               // command/api/<id>
    prepare,   // materialise a run, write its RunSpec    prepare/<run>
    perform,   // a worker's: plan or apply               perform/<run>/<phase>
    judge,     // what follows from what a worker found   judge/<run>/<phase>
    consider,  // look again at a pull request's reviews and waiting runs   consider/<pull>
    release,   // an upstream run ended: may this run enter its lane?       release/<run>
    lock,      // a stack was locked or unlocked, or its lock expires: who waits for that?
               // lock/<time>/<stack>
    report,    // write a pull request's checks and comment                 report/<pull>
    pass,   // a merge queue's commit wants the required check            pass/<repository>/<commit>
    reply,  // answer a comment, or acknowledge it                       reply/<forge>/<comment id>
    catch_up,  // find what no webhook told           catch_up/<repository>, …#<pull>, …@<branch>
};
BOOST_DESCRIBE_ENUM(JobKind, event, look, command, prepare, perform, judge, consider, release, lock,
                    report, pass, reply, catch_up)

inline constexpr const char* service_queue = "service";  // of all jobs but a worker's

struct Job {
    JobId id;
    JobKind kind = JobKind::event;
    std::string queue = service_queue;  // or that of a pool of workers
    std::string payload;                // JSON, as the kind defines it
    std::string
        repository;    // "forge/owner/name": jobs of one take turns with those of others; "forge/":
                       // which one is not known yet; "": of that of the job that leaves it
    int priority = 0;  // each step is worth five minutes of waiting
    std::int64_t not_before_ms = 0;  // 0: at once

    bool operator==(const Job&) const = default;
    static void fields(auto& self, auto&& f) {
        f("id", self.id);
        f("kind", self.kind);
        f("queue", self.queue);
        f("payload", self.payload);
        f("repository", self.repository);
        f("priority", self.priority);
        f("not_before_ms", self.not_before_ms);
    }
};

}  // namespace slipway
