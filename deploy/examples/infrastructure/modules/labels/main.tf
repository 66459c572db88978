# The shared module: a name and an owner for everything that is built.
variable "name" {
  type = string
}

variable "owner" {
  type = string
}

output "labels" {
  value = {
    name  = "acme-${var.name}"
    owner = var.owner
  }
}
