// The log of one phase on its way to the service: plain text, masked, in chunks (200 ms or 16 KB),
// bounded. A run that prints without end keeps its beginning and its end; what lies between is
// counted.
#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "handlers/runs/gateway/gateway.hpp"
#include "handlers/runs/worker/clean_text.hpp"
#include "handlers/runs/worker/masking.hpp"
#include "service/base/task.hpp"

namespace slipway {

struct LogLimits {
    std::size_t beginning = 8u << 20;
    std::size_t end = 256u << 10;
    std::size_t chunk = 16u << 10;
    std::chrono::milliseconds pause{200};
};

class RunLog {
  public:
    RunLog(RunGateway& gateway, Lease lease, asio::any_io_executor executor, LogLimits limits = {});
    ~RunLog();

    // What is masked from now on.
    void mask_with(const Masker& masker);
    // Raw bytes of a program: `which` is 1 or 2, two streams that do not break each other's
    // secrets.
    void take(int which, std::string_view bytes);
    void say(std::string_view line);  // a line of ours
    void end_streams();               // a program ended: what was held back is certain now
    Task<void> finish();              // sends the rest

    // The beginning of what standard error said since the last call, masked.
    std::string take_error_text();

    struct Sender;

  private:
    struct Stream {
        CleanText clean;
        std::optional<MaskedStream> masked;
    };
    void pass_on(int which, std::string_view masked);

    std::shared_ptr<Sender> sender_;
    Masker masker_;
    Stream streams_[2];
    std::string error_text_;
};

}  // namespace slipway
