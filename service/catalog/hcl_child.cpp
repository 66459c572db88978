#include "service/catalog/detail/hcl_child.hpp"

#include <boost/system/system_error.hpp>

#include "service/base/log.hpp"

namespace slipway::catalog {

namespace {

constexpr std::chrono::seconds deadline(60);
constexpr std::uint64_t data_limit_bytes = std::uint64_t{1} << 30;

std::string framed(std::string_view body) {
    std::string out;
    out.reserve(body.size() + 4);
    for (int shift : {24, 16, 8, 0})
        out.push_back(static_cast<char>((body.size() >> shift) & 0xff));
    return out.append(body);
}

std::size_t length_of(std::string_view head) {
    std::size_t length = 0;
    for (char byte : head) length = length << 8 | static_cast<unsigned char>(byte);
    return length;
}

Command hcl_command() {
    auto path = find_own_program("slipway-hcl");
    if (!path)
        throw Failure(
            "the program slipway-hcl is missing; it is built and installed beside slipway",
            Retry::never);
    Command command;
    command.argv = {path->string()};
    command.environment = {{"GOMAXPROCS", "2"}};
    command.data_bytes_limit = data_limit_bytes;
    return command;
}

}  // namespace

Task<std::string> HclChild::exchange(std::string question) {
    if (!child_ || !child_->running())
        child_ = std::make_unique<Companion>(executor_, hcl_command());
    co_await child_->write(framed(question));
    std::string head = co_await child_->read(4);
    std::size_t length = length_of(head);
    if (length > uses_answer_limit) throw Failure("slipway-hcl answers at too great length");
    co_return co_await child_->read(length);
}

Task<Result<std::map<std::string, DirectoryReading>>> HclChild::ask(
    std::map<std::string, DirectoryTexts> directories) {
    while (busy_) co_await free_.wait(deadline);
    busy_ = true;
    struct Turn {  // an exchange that was broken off leaves the child in the middle of an answer
        HclChild& owner;
        bool whole = false;
        ~Turn() {
            if (!whole) owner.child_.reset();
            owner.busy_ = false;
            owner.free_.notify();
        }
    } turn{*this};
    std::int64_t id = ++last_id_;
    std::string trouble;
    try {
        auto exchanged = exchange(uses_question(id, directories));
        std::string text = co_await within(deadline, std::move(exchanged));
        auto answer = uses_answer(text, id);
        turn.whole = answer.ok();
        co_return answer;
    } catch (const TimedOut&) {
        trouble = "slipway-hcl did not answer in time";
    } catch (const Failure& failure) {
        if (failure.retry() == Retry::never) throw;
        trouble = failure.what();
    }
    log_warning("configuration could not be read", {{"why", trouble}});
    co_return Error{trouble};
}

}  // namespace slipway::catalog
