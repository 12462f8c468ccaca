terraform {
  required_version = ">= 1.9, < 2.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "= 6.25.0"
    }
    mongodbatlas = {
      source  = "mongodb/mongodbatlas"
      version = "= 1.41.1"
    }
  }

  # The bucket of the state is yours: terraform init -backend-config=backend.hcl
  backend "s3" {}
}

provider "aws" {
  region = var.region

  default_tags {
    tags = { project = var.name }
  }
}

# Its keys come from the environment: MONGODB_ATLAS_PUBLIC_KEY, MONGODB_ATLAS_PRIVATE_KEY.
provider "mongodbatlas" {}
