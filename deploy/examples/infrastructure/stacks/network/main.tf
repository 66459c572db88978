terraform {
  backend "local" {
    path = "@STATE@/network.tfstate"
  }
}

module "labels" {
  source = "../../modules/labels"
  name   = "network"
  owner  = "platform"
}

resource "terraform_data" "network" {
  input = {
    owner = module.labels.labels.owner
    name  = module.labels.labels.name
    range = "10.0.0.0/16"
  }
}

output "range" {
  value = terraform_data.network.output.range
}
