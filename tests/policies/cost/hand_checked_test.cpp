// Plans of the three clouds whose cost was worked out by hand, with the arithmetic beside it.
// Prices are those of the built-in table; each says its source and date as
// policies/cost/prices/tables does.
#include <doctest/doctest.h>

#include "policies/cost/built_in_prices.hpp"
#include "policies/cost/estimate.hpp"
#include "tests/support/plan_builder.hpp"

namespace slipway::cost {
namespace {

using Fate = CostedResource::Fate;

CostEstimate priced(PlanBuilder& plan) {
    const UsageFile usage;
    return estimate({plan.document(), BuiltInPrices(), built_in_types(), usage, "2026-11-01"});
}

std::string cents(const Decimal& amount) { return decimal_text(rounded(amount, 2)); }

PlanBuilder in_frankfurt() {
    PlanBuilder plan;
    plan.provider("aws", R"({"region": {"constant_value": "eu-central-1"}})");
    return plan;
}

PlanBuilder in_belgium() {
    PlanBuilder plan;
    plan.provider("google", R"({"region": {"constant_value": "europe-west1"}})");
    return plan;
}

}  // namespace

// aws-price-list 2026-10-15, eu-central-1: m5.large 0.115, gp3 0.0952, NAT 0.052, ALB 0.027,
// db.m5.large PostgreSQL Multi-AZ 0.424, RDS gp3 0.137. aws-price-page 2025-06-30: EKS 0.1.
TEST_CASE("AWS: what is created costs its hours, volumes and copies") {
    auto plan = in_frankfurt();
    plan.create("aws_instance.web", R"({"instance_type": "m5.large", "tenancy": "default",
        "root_block_device": [{"volume_type": "gp3", "volume_size": 40}]})");
    plan.create("aws_nat_gateway.a", R"({"subnet_id": "subnet-1"})");
    plan.create("aws_lb.front", R"({"load_balancer_type": "application", "internal": true})");
    plan.create("aws_eks_cluster.main", R"({"version": "1.34"})");
    plan.create("aws_db_instance.main", R"({"engine": "postgres", "engine_version": "16.4",
        "instance_class": "db.m5.large", "multi_az": true, "storage_type": "gp3",
        "allocated_storage": 100})");
    const auto made = priced(plan);
    for (const auto& reason : made.reasons)
        FAIL_CHECK(word(reason.why), " ", reason.address, " ", reason.attribute, reason.value);
    // web: 730 × 0.115 = 83.95, 40 × 0.0952 = 3.808. NAT: 730 × 0.052 = 37.96.
    // ALB: 730 × 0.027 = 19.71. EKS: 730 × 0.1 = 73.
    // Database: 730 × 0.424 = 309.52, 100 GB × 2 copies × 0.137 = 27.40.
    // 83.95 + 3.808 + 37.96 + 19.71 + 73 + 309.52 + 27.40 = 555.348
    CHECK(decimal_text(made.after.total()) == "555.348");
    CHECK(made.before.total() == 0);
    CHECK(made.delta() == made.after.total());
}

// aws-price-list 2026-10-15, eu-central-1: m5.large 0.115, m5.xlarge 0.23, gp3 0.0952.
TEST_CASE("AWS: a replacement is counted once, and an update by its difference") {
    auto plan = in_frankfurt();
    plan.update("aws_instance.web", R"({"instance_type": "m5.large", "tenancy": "default",
                   "root_block_device": [{"volume_type": "gp3", "volume_size": 40}]})",
                R"({"instance_type": "m5.xlarge", "tenancy": "default",
                   "root_block_device": [{"volume_type": "gp3", "volume_size": 40}]})",
                R"(["delete", "create"])");
    plan.update("aws_ebs_volume.data", R"({"type": "gp3", "size": 100})",
                R"({"type": "gp3", "size": 150})");
    const auto made = priced(plan);
    for (const auto& reason : made.reasons)
        FAIL_CHECK(word(reason.why), " ", reason.address, " ", reason.attribute, reason.value);
    // before: 83.95 + 3.808 + 100 × 0.0952 = 97.278; after: 167.90 + 3.808 + 150 × 0.0952 = 185.988
    CHECK(decimal_text(made.before.total()) == "97.278");
    CHECK(decimal_text(made.after.total()) == "185.988");
    CHECK(decimal_text(made.delta()) == "88.71");
    CHECK(made.resources.at(0).fate == Fate::replaced);
    CHECK(decimal_text(made.resources.at(0).delta()) == "83.95");
    CHECK(decimal_text(made.resources.at(1).delta()) == "4.76");
}

// aws-price-list 2026-10-15, eu-central-1: t3.small 0.024, gp2 0.119, NAT 0.052.
TEST_CASE("AWS: what goes is taken off, what moves stays, what is forgotten is named") {
    auto plan = in_frankfurt();
    plan.remove("aws_nat_gateway.old", R"({"subnet_id": "subnet-1"})");
    plan.update("aws_instance.new_name", R"({"instance_type": "t3.small"})",
                R"({"instance_type": "t3.small"})", R"(["no-op"])", "aws_instance.old_name");
    plan.remove("aws_nat_gateway.handed_over", R"({"subnet_id": "subnet-1"})", R"(["forget"])");
    const auto made = priced(plan);
    for (const auto& reason : made.reasons)
        FAIL_CHECK(word(reason.why), " ", reason.address, " ", reason.attribute, reason.value);
    // NAT: 730 × 0.052 = 37.96. Instance: 730 × 0.024 + 8 × 0.119 = 17.52 + 0.952 = 18.472.
    CHECK(decimal_text(made.before.total()) == "56.432");
    CHECK(decimal_text(made.after.total()) == "18.472");
    CHECK(decimal_text(made.delta()) == "-37.96");
    REQUIRE(made.resources.size() == 3);
    CHECK(made.resources[0].previous_address == "aws_instance.old_name");
    CHECK(made.resources[0].delta() == 0);
    CHECK(made.resources[1].fate == Fate::deleted);
    CHECK(made.resources[2].fate == Fate::forgotten);
    CHECK(made.resources[2].delta() == 0);
}

// vantage-instances 2025-04-24, eastus: Standard_D2s_v3 Linux 0.096. azure-price-page 2025-06-30,
// eastus: P10 19.71, E10 9.6 a month, static address 0.005, AKS 0.1.
TEST_CASE("Azure: a disk costs as the next larger one of its kind, a cluster its nodes") {
    PlanBuilder plan;
    plan.create("azurerm_linux_virtual_machine.web", R"({"location": "East US",
        "size": "Standard_D2s_v3", "os_disk": [{"storage_account_type": "Premium_LRS",
        "disk_size_gb": 100}]})");
    plan.create("azurerm_managed_disk.data", R"({"location": "eastus",
        "storage_account_type": "StandardSSD_LRS", "disk_size_gb": 65})");
    plan.create("azurerm_public_ip.web", R"({"location": "eastus", "allocation_method": "Static",
        "sku": "Standard", "sku_tier": "Regional"})");
    plan.create("azurerm_kubernetes_cluster.main", R"({"location": "eastus",
        "sku_tier": "Standard", "default_node_pool": [{"vm_size": "Standard_D2s_v3",
        "node_count": 3, "os_disk_type": "Ephemeral"}]})");
    const auto made = priced(plan);
    for (const auto& reason : made.reasons)
        FAIL_CHECK(word(reason.why), " ", reason.address, " ", reason.attribute, reason.value);
    // Machine: 730 × 0.096 = 70.08, and 100 GB are a P10: 19.71. 65 GB are an E10: 9.60.
    // Address: 730 × 0.005 = 3.65. Cluster: 730 × 0.1 = 73, nodes 3 × 70.08 = 210.24.
    // 70.08 + 19.71 + 9.60 + 3.65 + 73 + 210.24 = 386.28
    CHECK(cents(made.after.total()) == "386.28");
}

// vantage-instances 2025-04-24, eastus: Standard_D2s_v3 Windows 0.188, Linux 0.096, Standard_D4s_v3
// Windows 0.376. azure-price-page 2025-06-30: P10 19.71, P20 73.22.
TEST_CASE("Azure: an own licence is the price of Linux, and a larger disk that of the next tier") {
    PlanBuilder plan;
    const std::string disk =
        R"("os_disk": [{"storage_account_type": "Premium_LRS", "disk_size_gb": 127}])";
    plan.update("azurerm_windows_virtual_machine.app",
                R"({"location": "eastus", "size": "Standard_D2s_v3", )" + disk + "}",
                R"({"location": "eastus", "size": "Standard_D4s_v3",
                    "license_type": "Windows_Server", )" +
                    disk + "}",
                R"(["create", "delete"])");
    plan.update("azurerm_managed_disk.data",
                R"({"location": "eastus", "storage_account_type": "Premium_LRS",
                    "disk_size_gb": 128})",
                R"({"location": "eastus", "storage_account_type": "Premium_LRS",
                    "disk_size_gb": 129, "tier": "P20"})");
    const auto made = priced(plan);
    CHECK(made.resources.at(0).fate == Fate::replaced);
    // before: 730 × 0.188 = 137.24; after, as Linux: 730 × 0.192 = 140.16; the disk is the same.
    CHECK(cents(made.resources.at(0).delta()) == "2.92");
}

TEST_CASE("Azure: a location comes from the resource group where a resource has none") {
    PlanBuilder plan;
    plan.create("azurerm_resource_group.main", R"({"name": "main", "location": "West Europe"})");
    plan.remove("azurerm_public_ip.old", R"({"resource_group_name": "main", "sku": "Standard",
        "allocation_method": "Static", "location": "westeurope"})");
    plan.update("azurerm_public_ip.b", R"({"location": "westeurope", "sku": "Standard",
                   "allocation_method": "Static"})",
                R"({"location": "westeurope", "sku": "Standard", "allocation_method": "Static"})",
                R"(["no-op"])", "azurerm_public_ip.a");
    const auto made = priced(plan);
    for (const auto& reason : made.reasons)
        FAIL_CHECK(word(reason.why), " ", reason.address, " ", reason.attribute, reason.value);
    // azure-price-page 2025-06-30: 0.005 an hour; 730 × 0.005 = 3.65 each.
    CHECK(cents(made.before.total()) == "7.3");
    CHECK(cents(made.after.total()) == "3.65");
    CHECK(made.free.at("azurerm_resource_group") == 1);
}

// libcloud-rates 2025-03-02, europe-west1: n2 0.034773 a vCPU and 0.004661 a GB, e2 0.02399337 and
// 0.00321609. google-price-page 2025-06-30: pd-ssd 0.17, pd-balanced 0.1, address 0.005, GKE 0.1.
TEST_CASE("Google: a machine costs its vCPUs and memory, less in a whole month of some families") {
    auto plan = in_belgium();
    plan.create("google_compute_instance.web", R"({"machine_type": "n2-standard-4",
        "zone": "europe-west1-b", "boot_disk": [{"initialize_params": [{"type": "pd-ssd",
        "size": 50}]}]})");
    plan.create("google_container_cluster.main", R"({"location": "europe-west1-b",
        "remove_default_node_pool": true, "initial_node_count": 1})");
    plan.create("google_container_node_pool.main", R"({"location": "europe-west1-b",
        "node_count": 2, "node_config": [{"machine_type": "e2-standard-4",
        "disk_type": "pd-balanced", "disk_size_gb": 100}]})");
    const auto made = priced(plan);
    for (const auto& reason : made.reasons)
        FAIL_CHECK(word(reason.why), " ", reason.address, " ", reason.attribute, reason.value);
    // n2-standard-4: (4 × 0.034773 + 16 × 0.004661) × 730 × 0.8 = (0.139092 + 0.074576) × 584
    //   = 124.782112; disk 50 × 0.17 = 8.50. Cluster: 730 × 0.1 = 73.
    // e2-standard-4: (4 × 0.02399337 + 16 × 0.00321609) × 730 = (0.09597348 + 0.05145744) × 730
    //   = 107.6245716, twice 215.2491432; disks 2 × 100 × 0.1 = 20.
    // 124.782112 + 8.5 + 73 + 215.2491432 + 20 = 441.5312552
    CHECK(decimal_text(made.after.total()) == "441.5312552");
}

TEST_CASE("Google: a custom machine is billed for what it consists of") {
    auto plan = in_belgium();
    plan.update("google_compute_instance.web", R"({"machine_type": "e2-standard-4",
                   "zone": "europe-west1-b", "boot_disk": []})",
                R"({"machine_type": "e2-medium", "zone": "europe-west1-b", "boot_disk": []})");
    plan.update("google_compute_disk.data", R"({"type": "pd-ssd", "size": 100,
                   "zone": "europe-west1-b"})",
                R"({"type": "pd-balanced", "size": 100, "zone": "europe-west1-b"})",
                R"(["delete", "create"])");
    const auto made = priced(plan);
    for (const auto& reason : made.reasons)
        FAIL_CHECK(word(reason.why), " ", reason.address, " ", reason.attribute, reason.value);
    // e2-medium: (1 × 0.02399337 + 4 × 0.00321609) × 730 = 26.9061429, before 107.6245716; the
    // system disk of 10 GB is the same. Disk: 17 → 10.
    CHECK(decimal_text(made.resources.at(0).delta()) == "-80.7184287");
    CHECK(decimal_text(made.resources.at(1).delta()) == "-7");
    CHECK(decimal_text(made.delta()) == "-87.7184287");
}

// google-price-page 2025-06-30, us-central1: Cloud SQL vCPU 0.0413, GB 0.007, SSD 0.17; of a
// regional one twice as much.
TEST_CASE("Google: a database in two zones costs twice as much, and one that goes nothing") {
    PlanBuilder plan;
    plan.remove("google_sql_database_instance.old", R"({"region": "us-central1",
        "database_version": "POSTGRES_16", "settings": [{"tier": "db-custom-2-7680",
        "edition": "ENTERPRISE", "availability_type": "ZONAL", "disk_size": 20,
        "disk_type": "PD_SSD"}]})");
    plan.update("google_sql_database_instance.b", R"({"region": "us-central1",
                   "database_version": "POSTGRES_16", "settings": [{"tier": "db-custom-2-7680",
                   "edition": "ENTERPRISE", "availability_type": "REGIONAL", "disk_size": 20,
                   "disk_type": "PD_SSD"}]})",
                R"({"region": "us-central1",
                   "database_version": "POSTGRES_16", "settings": [{"tier": "db-custom-2-7680",
                   "edition": "ENTERPRISE", "availability_type": "REGIONAL", "disk_size": 20,
                   "disk_type": "PD_SSD"}]})",
                R"(["no-op"])", "google_sql_database_instance.a");
    const auto made = priced(plan);
    for (const auto& reason : made.reasons)
        FAIL_CHECK(word(reason.why), " ", reason.address, " ", reason.attribute, reason.value);
    // Zonal: 2 × 730 × 0.0413 = 60.298, 7.5 × 730 × 0.007 = 38.325, 20 × 0.17 = 3.40: 102.023.
    // Regional: twice as much: 204.046.
    CHECK(decimal_text(made.before.total()) == "306.069");
    CHECK(decimal_text(made.after.total()) == "204.046");
    CHECK(decimal_text(made.delta()) == "-102.023");
}

}  // namespace slipway::cost
