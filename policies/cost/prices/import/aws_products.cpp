#include "policies/cost/prices/import/aws_products.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace slipway::cost {
namespace {

/// A usage type that has one meaning wherever it is sold. `operation`: "" for any.
struct UsageRule {
    std::string_view code, usage, operation;
    std::string_view service, sku, attributes, unit, vendor_unit;
    int divide_by = 1;
};

constexpr std::string_view any_hours = "Hrs|Hours|hours|Hour";
constexpr std::string_view gigabyte_month = "GB-Mo|GB-month";

constexpr auto usage_rules = std::to_array<UsageRule>({
    {"AmazonEC2", "NatGateway-Hours", "", "nat-gateway", "hours", "", "hour", any_hours},
    {"AmazonEC2", "NatGateway-Bytes", "", "nat-gateway", "data", "", "GB", "GB"},
    {"AmazonEC2", "EBS:SnapshotUsage", "", "ebs-snapshot", "standard", "", "GB-month",
     gigabyte_month},
    {"AmazonEC2", "EBS:SnapshotArchiveStorage", "", "ebs-snapshot", "archive", "", "GB-month",
     gigabyte_month},
    {"AmazonEC2", "EBS:VolumeIOUsage", "", "ebs-requests", "standard", "", "request", "IOs"},
    {"AmazonEC2", "EBS:VolumeP-IOPS.piops", "", "ebs-iops", "io1", "", "IOPS-month", "IOPS-Mo"},
    {"AmazonEC2", "EBS:VolumeP-IOPS.gp3", "", "ebs-iops", "gp3", "", "IOPS-month", "IOPS-Mo"},
    {"AmazonEC2", "EBS:VolumeP-IOPS.io2", "", "ebs-iops", "io2", "", "IOPS-month", "IOPS-Mo"},
    {"AmazonEC2", "EBS:VolumeP-IOPS.io2.tier2", "", "ebs-iops", "io2-above-32000", "", "IOPS-month",
     "IOPS-Mo"},
    {"AmazonEC2", "EBS:VolumeP-IOPS.io2.tier3", "", "ebs-iops", "io2-above-64000", "", "IOPS-month",
     "IOPS-Mo"},
    {"AmazonEC2", "EBS:VolumeP-Throughput.gp3", "", "ebs-throughput", "gp3", "", "MiBps-month",
     "GiBps-mo", 1024},
    {"AWSELB", "LoadBalancerUsage", "LoadBalancing:Application", "lb", "application", "", "hour",
     any_hours},
    {"AWSELB", "LoadBalancerUsage", "LoadBalancing:Network", "lb", "network", "", "hour",
     any_hours},
    {"AWSELB", "LoadBalancerUsage", "LoadBalancing:Gateway", "lb", "gateway", "", "hour",
     any_hours},
    {"AWSELB", "LoadBalancerUsage", "LoadBalancing", "lb", "classic", "", "hour", any_hours},
    {"AWSELB", "LCUUsage", "LoadBalancing:Application", "lb-capacity", "application", "",
     "LCU-hour", "LCU-Hrs"},
    {"AWSELB", "LCUUsage", "LoadBalancing:Network", "lb-capacity", "network", "", "LCU-hour",
     "LCU-Hrs|NLCU-Hrs"},
    {"AWSELB", "LCUUsage", "LoadBalancing:Gateway", "lb-capacity", "gateway", "", "LCU-hour",
     "LCU-Hrs|GLCU-Hrs"},
    {"AWSELB", "DataProcessing-Bytes", "LoadBalancing", "lb-capacity", "classic", "", "GB", "GB"},
    {"AmazonVPC", "PublicIPv4:InUseAddress", "", "public-ipv4", "in-use", "", "hour", any_hours},
    {"AmazonVPC", "PublicIPv4:IdleAddress", "", "public-ipv4", "idle", "", "hour", any_hours},
    {"AmazonVPC", "VpcEndpoint-Hours", "", "vpc-endpoint", "interface", "", "hour", any_hours},
    {"AmazonVPC", "VpcEndpoint-Bytes", "", "vpc-endpoint", "interface-data", "", "GB", "GB"},
    {"AmazonRDS", "RDS:PIOPS", "", "rds-iops", "io1", "", "IOPS-month", "IOPS-Mo"},
    {"AmazonRDS", "RDS:GP3-PIOPS", "", "rds-iops", "gp3", "", "IOPS-month", "IOPS-Mo"},
    {"AmazonRDS", "RDS:StorageUsage", "", "rds-storage", "standard", "", "GB-month",
     gigabyte_month},
    {"AmazonRDS", "RDS:GP2-Storage", "", "rds-storage", "gp2", "", "GB-month", gigabyte_month},
    {"AmazonRDS", "RDS:GP3-Storage", "", "rds-storage", "gp3", "", "GB-month", gigabyte_month},
    {"AmazonRDS", "RDS:PIOPS-Storage", "", "rds-storage", "io1", "", "GB-month", gigabyte_month},
    {"AmazonRDS", "RDS:PIOPS-Storage-IO2", "", "rds-storage", "io2", "", "GB-month",
     gigabyte_month},
    {"AmazonRDS", "RDS:ChargedBackupUsage", "", "rds-backup", "rds", "", "GB-month",
     gigabyte_month},
    {"AmazonRDS", "Aurora:BackupUsage", "", "rds-backup", "aurora", "", "GB-month", gigabyte_month},
    {"AmazonRDS", "Aurora:StorageUsage", "", "aurora", "storage", "", "GB-month", gigabyte_month},
    {"AmazonRDS", "Aurora:IO-OptimizedStorageUsage", "", "aurora", "storage-io-optimized", "",
     "GB-month", gigabyte_month},
    {"AmazonRDS", "Aurora:StorageIOUsage", "", "aurora", "io", "", "request", "IOs"},
    {"AmazonRDS", "Aurora:ServerlessV2Usage", "", "aurora", "capacity", "", "ACU-hour",
     "ACU-Hr|ACU-Hrs"},
    {"AmazonES", "ES:GP2-Storage", "", "opensearch-storage", "gp2", "", "GB-month", gigabyte_month},
    {"AmazonES", "ES:GP3-Storage", "", "opensearch-storage", "gp3", "", "GB-month", gigabyte_month},
    {"AmazonEKS", "AmazonEKS-Hours:perCluster", "", "eks-cluster", "standard", "", "hour",
     any_hours},
    {"AmazonEKS", "AmazonEKS-Hours:extendedSupport", "", "eks-cluster", "extended", "", "hour",
     any_hours},
    {"AmazonECS", "Fargate-vCPU-Hours:perCPU", "", "fargate", "vcpu", "arch=x86;os=linux",
     "vCPU-hour", any_hours},
    {"AmazonECS", "Fargate-GB-Hours", "", "fargate", "memory", "arch=x86;os=linux", "GB-hour",
     any_hours},
    {"AmazonECS", "Fargate-ARM-vCPU-Hours:perCPU", "", "fargate", "vcpu", "arch=arm;os=linux",
     "vCPU-hour", any_hours},
    {"AmazonECS", "Fargate-ARM-GB-Hours", "", "fargate", "memory", "arch=arm;os=linux", "GB-hour",
     any_hours},
    {"AWSLambda", "Request", "", "lambda", "requests", "arch=x86", "request", "Requests|Request"},
    {"AWSLambda", "Request-ARM", "", "lambda", "requests", "arch=arm", "request",
     "Requests|Request"},
    {"AWSLambda", "Lambda-GB-Second", "", "lambda", "duration", "arch=x86", "GB-second",
     "Second|Lambda-GB-Second|seconds"},
    {"AWSLambda", "Lambda-GB-Second-ARM", "", "lambda", "duration", "arch=arm", "GB-second",
     "Second|Lambda-GB-Second|seconds"},
    {"AmazonCloudWatch", "DataProcessing-Bytes", "", "logs-ingestion", "standard", "", "GB", "GB"},
    {"AmazonCloudWatch", "DataProcessingIA-Bytes", "", "logs-ingestion", "infrequent-access", "",
     "GB", "GB"},
    {"AmazonCloudWatch", "TimedStorage-ByteHrs", "", "logs-storage", "standard", "", "GB-month",
     gigabyte_month},
    {"AmazonCloudWatch", "CW:AlarmMonitorUsage", "", "cloudwatch", "alarm", "", "alarm-month",
     "Alarms"},
    {"AmazonCloudWatch", "CW:HighResAlarmMonitorUsage", "", "cloudwatch", "alarm-high-resolution",
     "", "alarm-month", "Alarms"},
    {"AmazonCloudWatch", "CW:CompositeAlarmMonitorUsage", "", "cloudwatch", "alarm-composite", "",
     "alarm-month", "Alarms"},
    {"AmazonCloudWatch", "CW:MetricMonitorUsage", "", "cloudwatch", "metric", "", "metric-month",
     "Metrics"},
    {"AmazonDynamoDB", "WriteCapacityUnit-Hrs", "CommittedThroughput", "dynamodb", "write-capacity",
     "class=standard", "unit-hour", "WriteCapacityUnit-Hrs"},
    {"AmazonDynamoDB", "ReadCapacityUnit-Hrs", "CommittedThroughput", "dynamodb", "read-capacity",
     "class=standard", "unit-hour", "ReadCapacityUnit-Hrs"},
    {"AmazonDynamoDB", "WriteRequestUnits", "PayPerRequestThroughput", "dynamodb", "write",
     "class=standard", "request", "WriteRequestUnits"},
    {"AmazonDynamoDB", "ReadRequestUnits", "PayPerRequestThroughput", "dynamodb", "read",
     "class=standard", "request", "ReadRequestUnits"},
    {"AmazonDynamoDB", "TimedStorage-ByteHrs", "", "dynamodb", "storage", "class=standard",
     "GB-month", gigabyte_month},
    {"AmazonS3", "TimedStorage-ByteHrs", "", "s3", "storage", "class=standard", "GB-month",
     gigabyte_month},
    {"AmazonS3", "TimedStorage-SIA-ByteHrs", "", "s3", "storage", "class=standard-ia", "GB-month",
     gigabyte_month},
    {"AmazonS3", "TimedStorage-ZIA-ByteHrs", "", "s3", "storage", "class=one-zone-ia", "GB-month",
     gigabyte_month},
    {"AmazonS3", "TimedStorage-GIR-ByteHrs", "", "s3", "storage", "class=glacier-instant",
     "GB-month", gigabyte_month},
    {"AmazonS3", "TimedStorage-GlacierByteHrs", "", "s3", "storage", "class=glacier-flexible",
     "GB-month", gigabyte_month},
    {"AmazonS3", "TimedStorage-GDA-ByteHrs", "", "s3", "storage", "class=deep-archive", "GB-month",
     gigabyte_month},
    {"AmazonS3", "Requests-Tier1", "", "s3", "requests-tier-1", "class=standard", "request",
     "Requests"},
    {"AmazonS3", "Requests-Tier2", "", "s3", "requests-tier-2", "class=standard", "request",
     "Requests"},
    {"AWSQueueService", "Requests-Tier1", "", "sqs", "standard", "", "request", "Requests"},
    {"AWSQueueService", "Requests-FIFO-Tier1", "", "sqs", "fifo", "", "request", "Requests"},
    {"awskms", "KMS-Keys", "", "kms", "key", "", "key-month", "keys|Keys"},
    {"awskms", "KMS-Requests", "", "kms", "requests", "", "request", "Requests"},
    {"AWSSecretsManager", "AWSSecretsManager-Secrets", "", "secrets-manager", "secret", "",
     "secret-month", "Secrets"},
    {"AWSSecretsManager", "AWSSecretsManagerAPIRequest", "", "secrets-manager", "requests", "",
     "request", "API Requests"},
    {"AmazonEFS", "TimedStorage-ByteHrs", "", "efs", "standard", "", "GB-month", gigabyte_month},
    {"AmazonEFS", "ProvisionedTP-MiBpsHrs", "", "efs", "provisioned-throughput", "", "MiBps-month",
     "MiBps-Mo"},
    {"AmazonECR", "TimedStorage-ByteHrs", "", "ecr", "storage", "", "GB-month", gigabyte_month},
});

std::string_view value_of(const AwsProduct& product, std::string_view name) {
    const auto found = product.find(name);
    return found == product.end() ? std::string_view() : std::string_view(found->second);
}

using Meaning = std::variant<AwsMeaning, std::string>;

AwsMeaning meaning(const AwsProduct& product, std::string_view service, std::string_view sku,
                   std::string attributes, std::string_view unit, std::string_view vendor_unit) {
    return {{"aws", std::string(service), std::string(value_of(product, "regioncode")),
             std::string(sku), std::move(attributes)},
            std::string(unit),
            std::string(vendor_unit)};
}

std::string_view looked_up(
    std::string_view text,
    std::initializer_list<std::pair<std::string_view, std::string_view>> all) {
    for (const auto& [from, to] : all)
        if (text == from) return to;
    return {};
}

Meaning ec2_instance(const AwsProduct& product) {
    const auto is = [&](std::string_view name, std::string_view wanted) {
        return value_of(product, name) == wanted;
    };
    if (!is("tenancy", "Shared")) return "instances of dedicated tenancy";
    if (!is("capacitystatus", "Used")) return "capacity reservations";
    if (!is("preinstalledsw", "NA")) return "instances with software of a licence";
    if (!is("licensemodel", "No License required")) return "instances with a licence of one's own";
    const auto market = value_of(product, "marketoption");
    if (!market.empty() && market != "OnDemand") return "instances that are not on demand";
    const auto os =
        looked_up(value_of(product, "operatingsystem"),
                  {{"Linux", "linux"}, {"Windows", "windows"}, {"RHEL", "rhel"}, {"SUSE", "suse"}});
    if (os.empty()) return "instances of other operating systems";
    return meaning(product, "ec2", value_of(product, "instancetype"), "os=" + std::string(os),
                   "hour", any_hours);
}

Meaning rds_instance(const AwsProduct& product, std::string_view usage) {
    const auto az = looked_up(usage.substr(0, usage.find(':')),
                              {{"InstanceUsage", "single"}, {"Multi-AZUsage", "multi"}});
    const auto engine = looked_up(value_of(product, "databaseengine"),
                                  {{"MySQL", "mysql"},
                                   {"MariaDB", "mariadb"},
                                   {"PostgreSQL", "postgresql"},
                                   {"Aurora MySQL", "aurora-mysql"},
                                   {"Aurora PostgreSQL", "aurora-postgresql"}});
    if (az.empty()) return "databases with I/O-Optimized, clusters and others";
    if (engine.empty()) return "databases of other engines";
    return meaning(product, "rds", value_of(product, "instancetype"),
                   "az=" + std::string(az) + ";engine=" + std::string(engine), "hour", any_hours);
}

std::optional<Meaning> instance(const AwsProduct& product, std::string_view code,
                                std::string_view usage) {
    if (code == "AmazonEC2" && usage.starts_with("BoxUsage")) return ec2_instance(product);
    if (code == "AmazonEC2" && usage.starts_with("EBS:VolumeUsage"))
        return meaning(product, "ebs", value_of(product, "volumeapiname"), "", "GB-month",
                       gigabyte_month);
    if (code == "AmazonRDS" && value_of(product, "productfamily") == "Database Instance")
        return rds_instance(product, usage);
    if (code == "AmazonElastiCache" && usage.starts_with("NodeUsage:")) {
        const auto engine =
            looked_up(value_of(product, "cacheengine"),
                      {{"Redis", "redis"}, {"Memcached", "memcached"}, {"Valkey", "valkey"}});
        if (engine.empty()) return "caches of other engines";
        return meaning(product, "elasticache", value_of(product, "instancetype"),
                       "engine=" + std::string(engine), "hour", any_hours);
    }
    if (code == "AmazonES" && usage.starts_with("ESInstance:"))
        return meaning(product, "opensearch", value_of(product, "instancetype"), "", "hour",
                       any_hours);
    return std::nullopt;
}

}  // namespace

std::string aws_attribute_name(std::string_view name) {
    std::string out;
    for (const unsigned char c : name)
        if (std::isalnum(c)) out += static_cast<char>(std::tolower(c));
    return out;
}

std::string_view aws_usage(std::string_view usage_type, std::string_view region) {
    if (usage_type.starts_with(region) && usage_type.substr(region.size()).starts_with('-'))
        return usage_type.substr(region.size() + 1);
    const auto dash = usage_type.find('-');
    const auto prefix = usage_type.substr(0, dash);
    const bool names_region = dash != usage_type.npos && prefix.size() >= 2 &&
                              std::all_of(prefix.begin(), prefix.end(), [](unsigned char c) {
                                  return std::isupper(c) || std::isdigit(c);
                              });
    return names_region ? usage_type.substr(dash + 1) : usage_type;
}

std::variant<AwsMeaning, std::string> aws_meaning(const AwsProduct& product) {
    const auto region = value_of(product, "regioncode");
    const auto location = value_of(product, "locationtype");
    if (region.empty() || (!location.empty() && location != "AWS Region"))
        return "not of a region (Outposts, local and Wavelength zones)";
    const auto code = value_of(product, "servicecode");
    const auto usage = aws_usage(value_of(product, "usagetype"), region);
    if (auto found = instance(product, code, usage)) {
        auto* understood = std::get_if<AwsMeaning>(&*found);
        if (understood && understood->key.sku.empty()) return "instances without a type";
        return *found;
    }
    const auto engine = value_of(product, "databaseengine");
    if (engine.starts_with("SQL Server") || engine.starts_with("Oracle") ||
        engine.starts_with("Db2"))
        return "databases of other engines";
    for (const auto& rule : usage_rules) {
        if (rule.code != code || rule.usage != usage) continue;
        if (!rule.operation.empty() && rule.operation != value_of(product, "operation")) continue;
        auto out = meaning(product, rule.service, rule.sku, std::string(rule.attributes), rule.unit,
                           rule.vendor_unit);
        out.divide_by = rule.divide_by;
        return out;
    }
    const auto family = value_of(product, "productfamily");
    return std::string(family.empty() ? "other products" : family) + " of " + std::string(code);
}

}  // namespace slipway::cost
