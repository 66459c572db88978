// Who waits for jobs of a queue is woken by the nudge that each new job leaves in a list: one
// blocking connection a queue, and only while somebody waits. A nudge lost costs the poll interval
// of a second.
#pragma once
#include <memory>

#include "queue/redis/connection.hpp"
#include "service/base/task.hpp"

namespace slipway {

class WakeWatch {
  public:
    WakeWatch(asio::any_io_executor executor, RedisAddress address, std::string list);
    ~WakeWatch();
    void nudge();  // from within this process

    // One claim that may have to wait. Nudges that come after it began to look are not missed.
    class Waiter {
      public:
        explicit Waiter(WakeWatch& watch);
        ~Waiter();
        Waiter(const Waiter&) = delete;
        Waiter& operator=(const Waiter&) = delete;
        void look();                                         // what comes from now on counts
        Task<void> wait(std::chrono::milliseconds at_most);  // until a nudge since look()
      private:
        std::shared_ptr<struct WakeState> state_;
        std::uint64_t seen_ = 0;
    };

  private:
    friend class Waiter;
    std::shared_ptr<struct WakeState> state_;
};

}  // namespace slipway
