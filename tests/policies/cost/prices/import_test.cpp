// The vendors' files with everything in them that has led others astray, and files that must be
// refused whole.
#include "policies/cost/prices/import/import.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

#include "policies/cost/built_in_prices.hpp"
#include "policies/cost/layered_prices.hpp"
#include "policies/cost/prices/mapped_prices.hpp"
#include "service/base/json.hpp"
#include "tests/support/scratch.hpp"

namespace {

using namespace slipway::cost;
namespace fs = std::filesystem;

const fs::path fixtures = fs::path(SLIPWAY_SOURCE_DIR) / "tests/fixtures/prices";
const std::chrono::sys_days today(std::chrono::year(2026) / 11 / 28);

std::string text_of(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// A folder to import into.
class Place {
  public:
    slipway::Result<ImportReport> import(const std::string& vendor,
                                         const std::vector<fs::path>& files) const {
        ImportRequest request;
        request.vendor = vendor;
        request.inputs = files;
        request.directory = scratch_.path / "prices";
        request.today = today;
        return import_prices(request);
    }
    ImportReport imported(const std::string& vendor, const std::vector<std::string>& names) const {
        std::vector<fs::path> files;
        for (const auto& name : names) files.push_back(fixtures / name);
        auto report = import(vendor, files);
        REQUIRE_MESSAGE(report.ok(), (report ? "" : report.error().message));
        return *report;
    }
    fs::path written(const std::string& name, const std::string& text) const {
        const auto path = scratch_.path / name;
        std::ofstream(path, std::ios::binary) << text;
        return path;
    }
    /// The message, without the folder that the file lies in.
    std::string fault(const std::string& vendor, const std::string& name,
                      const std::string& text) const {
        const auto report = import(vendor, {written(name, text)});
        if (report) return "";
        auto message = report.error().message;
        const auto folder = scratch_.path.string() + "/";
        if (message.starts_with(folder)) message.erase(0, folder.size());
        return message;
    }
    std::string table(const std::string& vendor) const {
        return text_of(imported_table_path(scratch_.path / "prices", vendor));
    }
    /// "0.107 per hour", "0.006, 0.005 above 1000 per LCU-hour", or "none".
    std::string price(const PriceKey& key) const {
        const auto mapped =
            MappedPrices::open(imported_table_path(scratch_.path / "prices", key.provider));
        REQUIRE_MESSAGE(mapped.ok(), (mapped ? "" : mapped.error().message));
        std::string out = "none";
        (*mapped)->table().each([&](const PriceRow& row) {
            if (!same_key(row.key, key)) return true;
            out.clear();
            for (const auto& tier : row.tiers) {
                if (!out.empty()) out += ", ";
                out += fixed_text(tier.price, price_decimals);
                if (tier.from > 0) out += " above " + fixed_text(tier.from, quantity_decimals);
            }
            out += " per " + row.unit;
            return false;
        });
        return out;
    }
    fs::path directory() const { return scratch_.path / "prices"; }

  private:
    slipway::Scratch scratch_;
};

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

std::size_t left_out(const ImportReport& report, const std::string& reason) {
    const auto found = report.left_out.find(reason);
    return found == report.left_out.end() ? 0 : found->second.rows;
}

}  // namespace

TEST_CASE(
    "a price list of EC2 gives the on-demand prices of shared instances, and names the rest") {
    const Place place;
    const auto report = place.imported("aws", {"aws_ec2.csv"});
    const auto ec2 = [&](const std::string& type, const std::string& os) {
        return place.price({"aws", "ec2", "eu-west-1", type, "os=" + os});
    };
    CHECK(ec2("m5.large", "linux") == "0.107 per hour");
    CHECK(ec2("m5.large", "windows") == "0.199 per hour");
    CHECK(ec2("m6i.large", "linux") == "0.107 per hour");
    CHECK(ec2("m5.xlarge", "linux") == "none");  // of a local zone
    CHECK(ec2("c7z.large", "linux") == "none");  // 0.00
    CHECK(ec2("t9.large", "linux") == "none");   // from next year on
    CHECK(place.price({"aws", "ebs", "eu-west-1", "gp3", ""}) == "0.088 per GB-month");
    CHECK(place.price({"aws", "ebs-iops", "eu-west-1", "gp3", ""}) == "0.0055 per IOPS-month");
    CHECK(place.price({"aws", "ebs-throughput", "eu-west-1", "gp3", ""}) ==
          "0.044 per MiBps-month");
    CHECK(place.price({"aws", "nat-gateway", "eu-west-1", "hours", ""}) == "0.048 per hour");
    CHECK(place.price({"aws", "nat-gateway", "eu-west-1", "data", ""}) == "0.048 per GB");
    CHECK(report.added == 8);
    CHECK(report.rows_read == 19);
    CHECK(day_text(report.published) == "2026-11-20");
    CHECK(left_out(report, "reservations") == 1);
    CHECK(left_out(report, "instances of dedicated tenancy") == 1);
    CHECK(left_out(report, "capacity reservations") == 1);
    CHECK(left_out(report, "instances with a licence of one's own") == 1);
    CHECK(left_out(report, "instances with software of a licence") == 1);
    CHECK(left_out(report, "not of a region (Outposts, local and Wavelength zones)") == 1);
    CHECK(left_out(report, "a price of zero") == 1);
    CHECK(left_out(report, "not in force yet") == 1);
    CHECK(left_out(report, "a unit that was not expected") == 1);
    CHECK(left_out(report, "CPU Credits of AmazonEC2") == 1);
    CHECK(report.left_out.at("CPU Credits of AmazonEC2").example == "EU-CPUCredits:t3");
}

TEST_CASE("load balancers: no Outposts, no reserved capacity, tiers in order, no contradiction") {
    const Place place;
    const auto report = place.imported("aws", {"aws_elb.csv"});
    const auto capacity = [&](const std::string& sku) {
        return place.price({"aws", "lb-capacity", "eu-west-1", sku, ""});
    };
    CHECK(capacity("application") == "0.008 per LCU-hour");
    CHECK(capacity("network") == "0.006, 0.005 above 1000 per LCU-hour");
    CHECK(place.price({"aws", "lb", "eu-west-1", "application", ""}) == "0.0252 per hour");
    CHECK(place.price({"aws", "lb", "eu-west-1", "classic", ""}) == "0.028 per hour");
    CHECK(place.price({"aws", "lb", "eu-west-1", "network", ""}) == "none");
    CHECK(left_out(report, "offers of one day that contradict each other") == 1);
    CHECK(left_out(report, "Load Balancer of AWSELB") == 2);
}

TEST_CASE(
    "a JSON price list of AWS: free allowances go, ranges are sorted, prefixes of regions go") {
    const Place place;
    const auto report = place.imported("aws", {"aws_dynamodb.json"});
    const auto dynamodb = [&](const std::string& sku) {
        return place.price({"aws", "dynamodb", "us-east-1", sku, "class=standard"});
    };
    CHECK(dynamodb("storage") == "0.25 per GB-month");
    CHECK(dynamodb("write-capacity") == "0.00065 per unit-hour");
    CHECK(dynamodb("write") == "0.000000625 per request");
    CHECK(place.price({"aws", "lambda", "us-west-2", "duration", "arch=x86"}) ==
          "0.0000166667, 0.000015 above 6000000000, 0.0000133334 above 15000000000 per GB-second");
    CHECK(left_out(report, "Provisioned IOPS of AmazonDynamoDB") == 1);
    CHECK(left_out(report, "reservations") == 1);
}

TEST_CASE("a saved answer of AWS's query API is a price list, too") {
    const Place place;
    place.imported("aws", {"aws_query.json"});
    CHECK(place.price({"aws", "ec2", "ap-southeast-1", "m5.large", "os=linux"}) == "0.12 per hour");
}

TEST_CASE(
    "Azure's retail prices: pay as you go, in force, Windows by product name, disks by meter") {
    const Place place;
    const auto report = place.imported("azure", {"azure_page1.json", "azure_page2.json"});
    const auto vm = [&](const std::string& size, const std::string& os) {
        return place.price({"azure", "vm", "westeurope", size, "os=" + os});
    };
    CHECK(vm("Standard_D2s_v3", "linux") == "0.12 per hour");
    CHECK(vm("Standard_D2s_v3", "windows") == "0.212 per hour");
    CHECK(vm("Standard_D4s_v3", "linux") == "0.24 per hour");  // the newer of two
    CHECK(vm("Standard_D8s_v3", "linux") == "none");
    const auto disk = [&](const std::string& tier, const std::string& redundancy) {
        return place.price(
            {"azure", "managed-disk", "westeurope", tier, "redundancy=" + redundancy});
    };
    CHECK(disk("P30", "lrs") == "148.68 per month");
    CHECK(disk("P30", "zrs") == "223.02 per month");
    CHECK(disk("S10", "lrs") == "5.89 per month");
    CHECK(place.price({"azure", "managed-disk-operations", "westeurope", "S", "redundancy=lrs"}) ==
          "0.00000005 per operation");
    CHECK(place.price({"azure", "functions", "westeurope", "executions", ""}) ==
          "0.0000002 per execution");
    CHECK(place.price({"azure", "container-registry", "westeurope", "basic", ""}) ==
          "0.1666 per day");
    CHECK(place.price({"azure", "app-service", "westeurope", "P1v3", "os=linux"}) ==
          "0.181 per hour");
    CHECK(place.price({"azure", "load-balancer", "*", "data", ""}) == "0.005 per GB");
    CHECK(day_text(report.published) == "2026-10-01");
    CHECK(left_out(report, "DevTestConsumption prices") == 1);
    CHECK(left_out(report, "Reservation prices") == 1);
    CHECK(left_out(report, "Spot and Low Priority") == 2);
    CHECK(left_out(report, "not in force yet") == 1);
    CHECK(left_out(report, "superseded by a newer price of the same offer") == 1);
    CHECK(left_out(report, "meters that are not a region's primary ones") == 1);
    CHECK(left_out(report, "Virtual Machines") == 2);  // Cloud Services, and no size
    CHECK(left_out(report, "Storage") == 1);           // Disk Mount
    CHECK(left_out(report, "Cognitive Services") == 1);
}

TEST_CASE("a name or unit that is far too long is left out, and nothing else happens") {
    const std::string far_too_long(900'000, 'A');
    const auto page = text_of(fixtures / "azure_page2.json");
    for (const auto* field : {"\"productName\": \"Azure App Service ", "\"unitOfMeasure\": \"1 "}) {
        const Place place;
        const auto at = page.find("Azure App Service");
        const auto item = page.rfind('{', at);
        const auto value = page.find(field, item);
        REQUIRE(value != std::string::npos);
        auto text = page;
        text.insert(value + std::string(field).size(), far_too_long);
        const auto report = place.import("azure", {place.written("x.json", text)});
        REQUIRE_MESSAGE(report.ok(), (report ? "" : report.error().message));
        CHECK(place.price({"azure", "app-service", "westeurope", "P1v3", "os=linux"}) == "none");
    }
}

TEST_CASE("Google's catalog: on demand, by the beginning of descriptions, regional disks apart") {
    const Place place;
    const auto report = place.imported("gcp", {"gcp_page.json"});
    const auto price = [&](const std::string& service, const std::string& sku,
                           const std::string& region, const std::string& attributes = "") {
        return place.price({"gcp", service, region, sku, attributes});
    };
    CHECK(price("instance-core", "e2", "europe-west1") == "0.02399337 per vCPU-hour");
    CHECK(price("instance-ram", "e2", "europe-west1") == "0.003216 per GB-hour");
    CHECK(price("disk", "pd-balanced", "europe-west1") == "0.1 per GB-month");
    CHECK(price("disk", "pd-balanced", "europe-west1", "replicas=2") == "0.2 per GB-month");
    CHECK(price("disk", "pd-standard", "europe-west4") == "0.04 per GB-month");
    CHECK(price("gcs-storage", "standard", "EU") == "0.026 per GB-month");
    CHECK(price("instance-core", "n1", "europe-west1") == "none");  // of a wrong unit
    CHECK(left_out(report, "Preemptible prices") == 1);
    CHECK(left_out(report, "Commit1Yr prices") == 1);
    CHECK(left_out(report, "Compute Engine, GPU") == 1);
    CHECK(left_out(report, "Compute Engine, N1Standard") == 2);  // sole tenancy, wrong unit
}

TEST_CASE("to import again changes nothing, not a byte, and a second list is added to the first") {
    const Place place;
    place.imported("aws", {"aws_ec2.csv"});
    const auto before = place.table("aws");
    const auto again = place.imported("aws", {"aws_ec2.csv"});
    CHECK(again.added == 0);
    CHECK(again.changed == 0);
    CHECK(again.unchanged == 8);
    CHECK(place.table("aws") == before);
    place.imported("aws", {"aws_elb.csv"});
    CHECK(place.price({"aws", "ec2", "eu-west-1", "m5.large", "os=linux"}) == "0.107 per hour");
    CHECK(place.price({"aws", "lb", "eu-west-1", "application", ""}) == "0.0252 per hour");
    const auto both = place.table("aws");
    const Place other;
    other.imported("aws", {"aws_elb.csv", "aws_ec2.csv"});
    CHECK(other.table("aws") == both);
}

TEST_CASE("an imported table says where each price comes from: file, digest, day") {
    const Place place;
    const auto report = place.imported("aws", {"aws_ec2.csv"});
    const auto mapped = MappedPrices::open(imported_table_path(place.directory(), "aws"));
    REQUIRE(mapped.ok());
    const auto found = (*mapped)->table().find({"aws", "ebs", "eu-west-1", "gp3", ""});
    REQUIRE(found);
    CHECK(found->date == std::chrono::year(2026) / 11 / 20);
    const auto about = slipway::parse_json((*mapped)->table().about());
    const auto& source = (*about)["sources"][found->source];
    CHECK(source["published"].text() == "2026-11-20");
    CHECK(source["currency"].text() == "USD");
    CHECK(source["inputs"][0]["file"].text() == "aws_ec2.csv");
    CHECK(source["inputs"][0]["sha256"].text() == report.files.at(0).sha256);
    CHECK(report.files.at(0).bytes == fs::file_size(fixtures / "aws_ec2.csv"));
}

TEST_CASE("an older list does not take back newer prices") {
    const Place place;
    place.imported("aws", {"aws_elb.csv"});
    auto older = replaced(text_of(fixtures / "aws_elb.csv"), "2026-11-18T", "2026-01-18T");
    older = replaced(older, "0.0252000000", "0.0333000000");
    const auto report = place.import("aws", {place.written("older.csv", older)});
    REQUIRE(report.ok());
    CHECK(left_out(*report, "older than what was imported before") == 4);
    CHECK(place.price({"aws", "lb", "eu-west-1", "application", ""}) == "0.0252 per hour");
}

TEST_CASE("files that are cut off are refused whole, and what was imported before stays") {
    const Place place;
    place.imported("aws", {"aws_elb.csv"});
    place.imported("azure", {"azure_page2.json"});
    place.imported("gcp", {"gcp_page.json"});
    const auto refuses = [&](const std::string& vendor, const std::string& name, std::size_t step) {
        const auto before = place.table(vendor);
        const auto whole = text_of(fixtures / name);
        for (std::size_t size = whole.size() - 2; size > step; size -= step) {
            const auto fault = place.fault(vendor, "cut" + fs::path(name).extension().string(),
                                           whole.substr(0, size));
            const bool at_row_end = name.ends_with(".csv") && whole[size - 1] == '\n';
            if (!at_row_end) CHECK_MESSAGE(!fault.empty(), name, " at ", size);
            if (!at_row_end) CHECK(place.table(vendor) == before);
        }
    };
    refuses("aws", "aws_elb.csv", 97);
    refuses("aws", "aws_dynamodb.json", 211);
    refuses("azure", "azure_page2.json", 211);
    refuses("gcp", "gcp_page.json", 211);
}

TEST_CASE("a wrong file is refused with one sentence that names file and line") {
    const Place place;
    const auto elb = text_of(fixtures / "aws_elb.csv");
    const auto csv = [&](const std::string& from, const std::string& to) {
        return place.fault("aws", "x.csv", replaced(elb, from, to));
    };
    CHECK(csv("\"0.0080000000\",\"USD\"", "\"0.0080000000\",\"CNY\"")
              .find("mixes currencies: CNY for ") != std::string::npos);
    CHECK(csv("\"0.0252000000\"", "\"cheap\"") == "x.csv:7: \"cheap\" is not a price");
    CHECK(csv("\"2026-11-01\"", "\"soon\"") == "x.csv:7: \"soon\" is not a date");
    CHECK(csv("\"Publication Date\"", "\"Publication Day\"") ==
          "x.csv does not say its Publication Date");
    CHECK(csv("\"PricePerUnit\"", "\"Price\"") == "x.csv:6: there is no column \"priceperunit\"");
    CHECK(csv("\"0.0252000000\",", "").find("x.csv:7: 28 cells under 29 column names") == 0);
    CHECK(csv("\"0.0252000000\"", "\"0.0252000000\"x") == "x.csv:7: text behind a closing quote");
    CHECK(place.fault("aws", "x.csv", "") == "x.csv cannot be read, or is empty");
    CHECK(place.fault("aws", "x.csv", "a,b,c\n") ==
          "x.csv:1: not a price list of AWS: two cells are expected before the column names");
    CHECK(place.fault("aws", "x.json", "{\n\"offers\": {}}") ==
          "x.json is not a price list of AWS: it has no publicationDate");
    CHECK(place.fault("azure", "x.json", "{\"skus\": []}") ==
          "x.json is not a page of Azure's retail prices: it has no BillingCurrency");
    CHECK(place.fault("gcp", "x.json", "{\n\"skus\": [\n{}]}") ==
          "x.json:3: a SKU has no description or category");
    CHECK(place.fault("gcp", "x.json", "[1,\n2,") == "x.json:2: is cut off");
    CHECK(place.fault("azure", "x.json", text_of(fixtures / "azure_page1.json")) ==
          "x.json has a next page, which is not among the files");
    const auto euros = [](std::string text) {
        for (std::size_t at = 0; (at = text.find("\"USD\"", at)) != std::string::npos;)
            text.replace(at, 5, "\"EUR\"");
        return text;
    };
    CHECK(place.fault("azure", "x.json", euros(text_of(fixtures / "azure_page2.json"))) ==
          "x.json has prices in \"EUR\"; only US dollars can be compared and added");
    CHECK_FALSE(fs::exists(place.directory()));
}

TEST_CASE("a table that somebody changed is refused") {
    const Place place;
    place.imported("aws", {"aws_elb.csv"});
    auto bytes = place.table("aws");
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    std::ofstream(imported_table_path(place.directory(), "aws"), std::ios::binary) << bytes;
    const auto layers = LayeredPrices::open(place.directory());
    REQUIRE_FALSE(layers.ok());
    CHECK(layers.error().message.ends_with("is damaged: its digest is not that of its content"));
}

TEST_CASE("imported prices count before built-in ones, key by key") {
    const Place place;
    place.imported("aws", {"aws_dynamodb.json"});
    place.imported("azure", {"azure_page1.json", "azure_page2.json"});
    const auto layers = LayeredPrices::open(place.directory());
    REQUIRE(layers.ok());
    const auto find = [&](const PriceKey& key) {
        const auto found = (*layers)->find(key);
        return found ? found->source : "none";
    };
    CHECK(find({"azure", "vm", "westeurope", "Standard_D2s_v3", "os=linux"})
              .starts_with("azure-import-"));
    CHECK(find({"azure", "vm", "westeurope", "Standard_D16s_v3", "os=linux"}) ==
          "vantage-instances");
    CHECK(find({"azure", "load-balancer", "eastus", "data", ""}).starts_with("azure-import-"));
    CHECK(find({"azure", "vm", "", "Standard_D2s_v3", "os=linux"}) == "none");
    CHECK((*layers)->newest() == std::chrono::year(2026) / 11 / 19);
    const auto none = LayeredPrices::open(place.directory() / "nowhere");
    REQUIRE(none.ok());
    CHECK((*none)->newest() == BuiltInPrices().newest());
}
