// What policies were asked is kept with what it let happen or refused, so that the decision can be
// asked for again later.
#include "handlers/runs/control/transition.hpp"
#include "service/base/log.hpp"

namespace slipway {

Task<BlobId> keep_input(ControlContext& context, KeptInput asked) {
    BlobId none;
    const auto kind = asked.kind;
    std::vector<KeptInput> one;
    one.push_back(std::move(asked));
    auto put = [&]() -> std::optional<BlobId> {
        const auto text = kept_document(one);
        if (!text) return std::nullopt;
        return context.blobs.put_sealed(chunks_of(*text));
    };
    const auto kept = co_await context.pool.run(put);
    if (kept) co_return *kept;
    log_warning("what policies were asked is too large to be kept",
                {{"stack", one.front().stack.id.value}, {"kind", word(kind)}});
    co_return none;
}

Task<void> keep_asked(ControlContext& context, Considered& considered) {
    if (considered.asked)
        considered.approval.input = co_await keep_input(context, *considered.asked);
}

}  // namespace slipway
