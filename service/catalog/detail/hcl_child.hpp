// slipway-hcl as a child that stays: one question at a time, each with a deadline. A child that
// ends or stays silent is put away; its successor is started when the next question comes.
#pragma once
#include <memory>

#include "service/base/task.hpp"
#include "service/catalog/detail/uses_protocol.hpp"
#include "service/process/process.hpp"

namespace slipway::catalog {

class HclChild {
  public:
    explicit HclChild(asio::any_io_executor executor) : executor_(executor), free_(executor) {}

    // An Error where this question cannot be answered (the child died of it, or took too long);
    // Failure where the program is missing.
    Task<Result<std::map<std::string, DirectoryReading>>> ask(
        std::map<std::string, DirectoryTexts> directories);

  private:
    Task<std::string> exchange(std::string question);

    asio::any_io_executor executor_;
    std::unique_ptr<Companion> child_;
    std::int64_t last_id_ = 0;
    bool busy_ = false;
    Signal free_;
};

}  // namespace slipway::catalog
