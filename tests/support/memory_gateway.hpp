// A RunGateway in memory for one loop: blobs by their digest, one log per run, and what was
// reported.
#pragma once
#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "handlers/runs/gateway/gateway.hpp"
#include "service/base/codec.hpp"
#include "service/base/digest.hpp"
#include "service/model/keys.hpp"

namespace slipway {

class MemoryGateway : public RunGateway {
  public:
    struct Reported {
        RunId run;
        Lease lease;
        PhaseResult result;
    };
    std::map<std::string, std::string> blobs, sealed;
    std::map<std::string, std::string> logs;
    std::vector<std::string> chunks;
    std::deque<Work> waiting;
    std::vector<Reported> reported;
    std::vector<std::string> begun;  // plan digests
    std::atomic<Renewed> renewal = Renewed::held;
    std::atomic<int> renewals = 0;
    std::atomic<bool> holds_renewals = false;  // no renewal is answered
    bool may_begin = true, takes_reports = true;
    std::vector<Lease> given_back;
    std::vector<Lease> leases;  // with which blobs were read and written
    std::vector<RunId> ends_asked;
    std::function<void()> on_log, on_begin;
    // A worker calls from its own thread; tests look from theirs.
    std::mutex mutex;

    Task<std::optional<Work>> next(std::string, std::string,
                                   std::chrono::milliseconds wait) override {
        {
            std::lock_guard lock(mutex);
            if (!waiting.empty()) {
                auto work = std::move(waiting.front());
                waiting.pop_front();
                co_return work;
            }
        }
        co_await sleep_for(std::min(wait, std::chrono::milliseconds(20)));
        co_return std::nullopt;
    }
    Task<Renewed> renew(Lease) override {
        ++renewals;
        while (holds_renewals) co_await sleep_for(std::chrono::milliseconds(1));
        co_return renewal;
    }
    Task<bool> append_log(Lease lease, std::string bytes) override {
        {
            std::lock_guard lock(mutex);
            logs[run_of(lease).value] += bytes;
            chunks.push_back(std::move(bytes));
        }
        if (on_log) on_log();
        co_return true;
    }
    Task<bool> get_blob(Lease lease, BlobId id, ChunkSink sink) override {
        std::lock_guard lock(mutex);
        leases.push_back(std::move(lease));
        for (const auto* store : {&blobs, &sealed})
            if (auto found = store->find(id.value); found != store->end()) {
                const auto source = chunks_of(found->second);
                for (auto piece = source(); !piece.empty(); piece = source()) sink(piece);
                co_return true;
            }
        co_return false;
    }
    Task<BlobId> put_blob(Lease lease, BlobKind kind, ChunkSource source) override {
        auto bytes = gathered(source);
        const bool seal = kind == BlobKind::sealed;
        BlobId id(sha256_hex((seal ? "sealed" : "") + bytes));
        std::lock_guard lock(mutex);
        leases.push_back(std::move(lease));
        (seal ? sealed : blobs)[id.value] = std::move(bytes);
        co_return id;
    }
    Task<BlobId> put_plan(Lease lease, Plan plan) override {
        return put_blob(std::move(lease), BlobKind::document, chunks_of(encode(plan).dump()));
    }
    Task<BeginAnswer> begin_apply(Lease, std::string plan_digest) override {
        if (on_begin) on_begin();
        std::lock_guard lock(mutex);
        BeginAnswer answer;
        answer.allowed = may_begin;
        if (may_begin)
            begun.push_back(std::move(plan_digest));
        else
            answer.reason = "approvals are missing";
        co_return answer;
    }
    Task<bool> report(Lease lease, PhaseResult result) override {
        std::lock_guard lock(mutex);
        auto run = run_of(lease);
        reported.push_back({std::move(run), std::move(lease), std::move(result)});
        co_return takes_reports;
    }
    Task<void> give_back(Lease lease) override {
        std::lock_guard lock(mutex);
        given_back.push_back(std::move(lease));
        co_return;
    }
    Task<void> ask_for_its_end(Lease lease) override {
        std::lock_guard lock(mutex);
        ends_asked.push_back(run_of(lease));
        co_return;
    }

    // As the service finds it.
    static RunId run_of(const Lease& lease) { return jobs::parse_perform(lease.job).value().run; }
    BlobId keep(const ChunkSource& bytes) { return keep(gathered(bytes)); }
    BlobId keep(std::string bytes) {
        BlobId id(sha256_hex(bytes));
        blobs[id.value] = std::move(bytes);
        return id;
    }
};

}  // namespace slipway
