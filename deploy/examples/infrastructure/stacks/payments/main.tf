terraform {
  backend "local" {
    path = "@STATE@/payments.tfstate"
  }
}

module "labels" {
  source = "../../modules/labels"
  name   = "payments"
  owner  = "payments"
}

resource "terraform_data" "database" {
  input = {
    owner = module.labels.labels.owner
    name  = module.labels.labels.name
    size  = "small"
  }
}

output "database" {
  value = terraform_data.database.output.name
}
