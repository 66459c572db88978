// Tables in text and packed: what is read comes back, and what is wrong is refused with its place.
#include "policies/cost/prices/packed_prices.hpp"

#include <doctest/doctest.h>

#include "policies/cost/prices/price_text.hpp"

namespace {

using namespace slipway::cost;

const PriceSources sources{{"page", "a price page"}};

const std::string head =
    "provider aws\nservice s3\nattributes class=standard\nunit GB-month\nsource page\n"
    "date 2026-10-15\n";

std::string fault_of(const std::string& text) {
    std::vector<PriceRow> rows;
    const auto read = read_price_text("t.prices", text, sources, rows);
    return read ? "" : read.error().message;
}

std::string packed_text(const std::string& text) {
    std::vector<PriceRow> rows;
    REQUIRE(read_price_text("t.prices", text, sources, rows).ok());
    const auto packed = pack_prices(rows, "{}");
    REQUIRE(packed.ok());
    return *packed;
}

/// Keeps its bytes aligned, as those of a file that is mapped are.
class Packed {
  public:
    explicit Packed(const std::string& bytes) : words_((bytes.size() + 7) / 8) {
        std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(words_.data()));
        size_ = bytes.size();
    }
    slipway::Result<PackedPrices> open() const {
        return PackedPrices::open({reinterpret_cast<const std::byte*>(words_.data()), size_}, true);
    }

  private:
    std::vector<std::uint64_t> words_;
    std::size_t size_ = 0;
};

PriceKey storage(const std::string& region, const std::string& sku = "storage") {
    return {"aws", "s3", region, sku, "class=standard"};
}

}  // namespace

TEST_CASE("a packed table gives back what its text says") {
    const Packed packed(
        packed_text(head + "sku,eu-west-1,us-east-1\nstorage,0.0235 51200:0.0226,0.023\n"));
    const auto table = packed.open();
    REQUIRE(table.ok());
    const auto price = table->find(storage("eu-west-1"));
    REQUIRE(price);
    CHECK(price->unit == "GB-month");
    CHECK(price->source == "page");
    CHECK(price->date == std::chrono::year(2026) / 10 / 15);
    REQUIRE(price->tiers.size() == 2);
    CHECK(price->tiers[0].from == Decimal("0"));
    CHECK(price->tiers[0].price == Decimal("0.0235"));
    CHECK(price->tiers[1].from == Decimal("51200"));
    CHECK(price->tiers[1].price == Decimal("0.0226"));
    CHECK(table->find(storage("us-east-1"))->tiers[0].price == Decimal("0.023"));
    CHECK(table->size() == 2);
}

TEST_CASE("a packed table knows nothing that is not exactly in it") {
    const Packed packed(packed_text(head + "sku,eu-west-1,us-east-1\nstorage,0.0235,\n"));
    const auto table = packed.open();
    REQUIRE(table.ok());
    CHECK_FALSE(table->find(storage("us-east-1")));
    CHECK_FALSE(table->find(storage("eu-west-2")));
    CHECK_FALSE(table->find(storage("eu-west-1", "storag")));
    CHECK_FALSE(table->find(storage("eu-west-1", "")));
    CHECK_FALSE(table->find({"aws", "s3", "eu-west-1", "storage", ""}));
}

TEST_CASE("blocks of one key that differ in source or date are all searched") {
    auto later = head + "sku,eu-west-1\na,2\nc,3\n\n" + head;
    later.replace(later.rfind("2026-10-15"), 10, "2026-11-01");
    const Packed packed(packed_text(later + "sku,eu-west-1\nb,5\n"));
    const auto table = packed.open();
    REQUIRE(table.ok());
    CHECK(table->find(storage("eu-west-1", "a"))->tiers[0].price == Decimal(2));
    CHECK(table->find(storage("eu-west-1", "b"))->tiers[0].price == Decimal(5));
    CHECK(table->find(storage("eu-west-1", "c"))->tiers[0].price == Decimal(3));
    CHECK(day_text(table->newest()) == "2026-11-01");
}

TEST_CASE("a value with alternatives stands for each of them") {
    auto text = head + "sku,eu-west-1\na,2\n";
    text.replace(text.find("class=standard"), 14, "az=multi|single;engine=mysql|mariadb");
    const Packed packed(packed_text(text));
    const auto table = packed.open();
    REQUIRE(table.ok());
    CHECK(table->size() == 4);
    CHECK(table->find({"aws", "s3", "eu-west-1", "a", "az=single;engine=mariadb"}));
}

TEST_CASE(
    "a row of region * answers where a cloud has one price, and not in China or for governments") {
    const Packed packed(packed_text(head + "sku,*,eu-west-1\nstorage,0.02,0.03\n"));
    const auto table = packed.open();
    REQUIRE(table.ok());
    const auto price = [&](const char* region) {
        const auto found = find_in_region_or_world(*table, storage(region));
        return found ? found->tiers[0].price : Decimal(-1);
    };
    CHECK(price("us-east-1") == Decimal("0.02"));
    CHECK(price("eu-west-1") == Decimal("0.03"));
    CHECK(price("cn-north-1") == Decimal(-1));
    CHECK(price("us-gov-west-1") == Decimal(-1));
    CHECK(price("") == Decimal(-1));  // an unknown region never has a price
}

TEST_CASE("two prices of one key are refused, wherever they stand") {
    std::vector<PriceRow> rows;
    REQUIRE(read_price_text("a", head + "sku,eu-west-1\na,2\n", sources, rows).ok());
    REQUIRE(read_price_text("b", head + "sku,eu-west-1\na,3\n", sources, rows).ok());
    const auto packed = pack_prices(rows, "{}");
    REQUIRE_FALSE(packed.ok());
    CHECK(packed.error().message ==
          "there are two prices of aws s3 a (class=standard) in eu-west-1");
}

TEST_CASE("the text form is strict, and says where it was violated") {
    const auto with = [](const std::string& cell) {
        return head + "sku,eu-west-1\na," + cell + "\n";
    };
    CHECK(fault_of(with("0.1")).empty());
    CHECK(fault_of(with("0")) == "t.prices:8: \"0\": a price must be above zero");
    CHECK(fault_of(with("0.00")) == "t.prices:8: \"0.00\": a price must be above zero");
    CHECK(fault_of(with("-1")).find("is a decimal number") != std::string::npos);
    CHECK(fault_of(with("1e-3")).find("is a decimal number") != std::string::npos);
    CHECK(fault_of(with("0.000000000000001")).find("is a decimal number") != std::string::npos);
    CHECK(fault_of(with("2 5:1 5:0.5")).find("tiers must ascend") != std::string::npos);
    CHECK(fault_of(with("2 5:1 4:0.5")).find("tiers must ascend") != std::string::npos);
    CHECK(fault_of(with("")) == "t.prices:8: a sku without any price");
    CHECK(fault_of(with("1,2")) == "t.prices:8: 2 prices for 1 regions");
    CHECK(fault_of(head + "sku,eu-west-1,eu-west-1\n").starts_with("t.prices:7: \"eu-west-1\""));
    CHECK(fault_of(head) == "t.prices:7: a header without prices; \"sku,REGION,…\" must follow");
    CHECK(fault_of("provider aws\nprovider azure\n") == "t.prices:2: \"provider\" is given twice");
    CHECK(fault_of("vendor aws\n").starts_with("t.prices:1: \"vendor\" is no key of a header"));
    auto other = with("1");
    other.replace(other.find("page"), 4, "hear");
    CHECK(fault_of(other) == "t.prices:7: the source \"hear\" is not known");
    other = with("1");
    other.replace(other.find("2026-10-15"), 10, "2026-02-30");
    CHECK(fault_of(other) == "t.prices:7: \"2026-02-30\" is not a date like 2026-10-15");
    other = with("1");
    other.replace(other.find("class=standard"), 14, "os=linux;class=standard");
    CHECK(fault_of(other).find("sorted by key") != std::string::npos);
}

TEST_CASE("a packed table that was cut or changed is refused, never read outside") {
    const auto good =
        packed_text(head + "sku,eu-west-1,us-east-1\nstorage,0.0235 51200:0.0226,0.023\n");
    REQUIRE(Packed(good).open().ok());
    for (std::size_t size = 0; size < good.size(); ++size)
        CHECK_FALSE(Packed(good.substr(0, size)).open().ok());
    for (std::size_t at = 0; at < good.size(); ++at) {
        auto bad = good;
        bad[at] = static_cast<char>(bad[at] ^ 0xff);
        const Packed packed(bad);
        const auto table = packed.open();
        if (!table) continue;
        table->each([](const PriceRow&) { return true; });  // the sanitizer looks on
        table->find(storage("eu-west-1"));
    }
}

TEST_CASE("amounts are exact") {
    CHECK(parse_fixed("0.0000166667", price_decimals) == 1666670000);
    CHECK(parse_fixed("15000000000", quantity_decimals) == 15000000000000000);
    CHECK_FALSE(parse_fixed("", price_decimals));
    CHECK_FALSE(parse_fixed(".5", price_decimals));
    CHECK_FALSE(parse_fixed("1.", price_decimals));
    CHECK_FALSE(parse_fixed("99999.9", price_decimals));  // does not fit
    CHECK(parse_fixed_rounded("4e-7", price_decimals) == 40000000);
    CHECK(parse_fixed_rounded("1.5E+1", price_decimals) == 1500000000000000);
    CHECK(parse_fixed_rounded("0.09600000000000001", price_decimals) == 9600000000000);
    CHECK(parse_fixed_rounded("0.000000000000005", price_decimals) == 1);
    CHECK(parse_fixed_rounded("-1.5", price_decimals) == -150000000000000);
    CHECK(fixed_text(1666670000, price_decimals) == "0.0000166667");
    CHECK(fixed_text(0, price_decimals) == "0");
    CHECK(fixed_decimal(9600000000000, price_decimals) == Decimal("0.096"));
}
