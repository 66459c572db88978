#include "policies/cost/prices/mapped_prices.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/interprocess/file_mapping.hpp>
#include <boost/interprocess/mapped_region.hpp>
#include <cerrno>
#include <cstring>

#include "service/base/digest.hpp"

namespace slipway::cost {

namespace fs = std::filesystem;
namespace ipc = boost::interprocess;

struct MappedPrices::Mapping {
    ipc::file_mapping file;
    ipc::mapped_region region;
};

MappedPrices::MappedPrices(fs::path path, std::unique_ptr<Mapping> mapping, PackedPrices table)
    : path_(std::move(path)), mapping_(std::move(mapping)), table_(table) {}
MappedPrices::~MappedPrices() = default;

Result<std::shared_ptr<const MappedPrices>> MappedPrices::open(const fs::path& path) {
    auto mapping = std::make_unique<Mapping>();
    try {
        mapping->file = ipc::file_mapping(path.c_str(), ipc::read_only);
        mapping->region = ipc::mapped_region(mapping->file, ipc::read_only);
    } catch (const ipc::interprocess_exception& error) {
        return Error{path.string() + " cannot be read: " + error.what()};
    }
    const std::span bytes(static_cast<const std::byte*>(mapping->region.get_address()),
                          mapping->region.get_size());
    auto table = PackedPrices::open(bytes, true);
    if (!table) return Error{path.string() + " " + table.error().message};
    return std::shared_ptr<const MappedPrices>(
        new MappedPrices(path, std::move(mapping), std::move(*table)));
}

namespace {

std::string write_all(int file, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto count = ::write(file, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return std::strerror(errno);
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return ::fsync(file) == 0 ? "" : std::strerror(errno);
}

}  // namespace

std::optional<Error> replace_file(const fs::path& path, std::string_view bytes) {
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    auto beside = path.string() + ".XXXXXX";
    const int file = ::mkstemp(beside.data());
    if (file < 0) return Error{path.string() + " cannot be written: " + std::strerror(errno)};
    auto fault = ::fchmod(file, 0644) == 0 ? write_all(file, bytes) : std::strerror(errno);
    ::close(file);
    if (fault.empty()) {
        fs::rename(beside, path, error);
        if (error) fault = error.message();
    }
    if (fault.empty()) return std::nullopt;
    fs::remove(beside, error);
    return Error{path.string() + " cannot be written: " + fault};
}

}  // namespace slipway::cost
