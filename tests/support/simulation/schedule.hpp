// Who goes on next is drawn from a seed. Everything that happens at once in the real program is an
// activity here: a coroutine that stops before each thing it does to the outside, until the
// schedule lets it go on. One runs at a time, so that the same seed gives the same order. An
// activity that is ended never gets further, as if its process had been killed there.
#pragma once
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <list>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "service/base/task.hpp"

namespace slipway::simulation {

// Nobody's exception to handle, which is why it is none of the standard ones.
struct Killed {};

struct Activity {
    std::string name;
    bool in_service = false;  // goes down with the service's process
    bool ended = false;       // killed; unwinds at its next step
    bool over = false;
    std::vector<std::pair<std::string, std::function<void()>>> waiting;  // before what, and on
};

class Schedule {
  public:
    Schedule(asio::io_context& io, std::uint32_t seed) : io_(io), random_(seed) {}
    ~Schedule() {
        for (auto& activity : activities_) end(*activity);
    }
    Schedule(const Schedule&) = delete;
    Schedule& operator=(const Schedule&) = delete;

    int below(std::size_t n) { return static_cast<int>(random_() % n); }
    bool faults = true;
    bool fault_in(int n) { return faults && below(static_cast<std::size_t>(n)) == 0; }

    std::vector<std::string> trace;
    void note(std::string what) { trace.push_back(std::move(what)); }

    Activity& prepare(std::string name, bool in_service) {
        activities_.push_back(std::make_unique<Activity>());
        activities_.back()->name = std::move(name);
        activities_.back()->in_service = in_service;
        return *activities_.back();
    }
    // Runs until its first step outside.
    void start(Activity& activity, Task<void> task) {
        current_ = &activity;
        asio::co_spawn(io_, std::move(task), [this, &activity](std::exception_ptr error) {
            activity.over = true;
            if (error) tell(error);
        });
        run(activity);
    }

    // Where an activity stops. Those that no activity calls, the checks of a test, go by.
    Task<void> step(std::string what) {
        if (!current_) co_return;
        auto& me = *current_;
        if (me.ended) throw Killed();
        auto wait = [&me, &what](auto handler) {
            auto kept = std::make_shared<decltype(handler)>(std::move(handler));
            me.waiting.emplace_back(what, [kept] { std::move (*kept)(); });
        };
        co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(wait,
                                                                              asio::use_awaitable);
        if (me.ended) throw Killed();
    }

    std::vector<Activity*> activities() const {
        std::vector<Activity*> out;
        for (const auto& activity : activities_) out.push_back(activity.get());
        return out;
    }
    bool idle() const { return activities_.empty(); }

    void go_on(Activity& activity) {
        const auto at = activity.waiting.begin() + below(activity.waiting.size());
        auto on = std::move(at->second);
        if (!activity.ended) note(activity.name + ": " + at->first);
        activity.waiting.erase(at);
        current_ = &activity;
        asio::post(io_, std::move(on));
        run(activity);
    }
    void end(Activity& activity) {
        activity.ended = true;
        while (!activity.waiting.empty()) go_on(activity);
    }
    void forget_the_over() {
        activities_.remove_if([](const auto& activity) { return activity->over; });
    }

  private:
    // Until it waits again, with all that it does at once, or is over.
    void run(Activity& activity) {
        io_.restart();
        while (!activity.over)
            if (activity.waiting.empty())
                io_.run_one();
            else if (io_.poll() == 0)
                break;
        current_ = nullptr;
    }
    void tell(std::exception_ptr error) {
        try {
            std::rethrow_exception(error);
        } catch (const Killed&) {
        } catch (const std::exception& other) {
            note(std::string("an activity ended with: ") + other.what());
        }
    }

    asio::io_context& io_;
    std::mt19937 random_;
    std::list<std::unique_ptr<Activity>> activities_;
    Activity* current_ = nullptr;
};

}  // namespace slipway::simulation
