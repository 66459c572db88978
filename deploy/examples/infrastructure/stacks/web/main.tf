terraform {
  backend "local" {
    path = "@STATE@/web.tfstate"
  }
}

resource "terraform_data" "page" {
  input = {
    owner   = "web"
    content = file("${path.module}/index.html")
  }
}
