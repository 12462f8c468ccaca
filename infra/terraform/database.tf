# Atlas and not DocumentDB: README.md tells what differs.

resource "mongodbatlas_project" "this" {
  name   = var.name
  org_id = var.atlas_organization
}

resource "mongodbatlas_advanced_cluster" "this" {
  project_id                     = mongodbatlas_project.this.id
  name                           = var.name
  cluster_type                   = "REPLICASET"
  mongo_db_major_version         = "8.0"
  backup_enabled                 = true
  pit_enabled                    = true
  termination_protection_enabled = true

  replication_specs {
    region_configs {
      provider_name = "AWS"
      region_name   = upper(replace(var.region, "-", "_"))
      priority      = 7

      electable_specs {
        instance_size = var.atlas_size
        node_count    = 3
      }

      auto_scaling {
        disk_gb_enabled = true
      }
    }
  }

  advanced_configuration {
    minimum_enabled_tls_protocol = "TLS1_2"
  }
}

# The workers are known by their AWS role: there is no password to store, leak or rotate.
resource "mongodbatlas_database_user" "worker" {
  project_id         = mongodbatlas_project.this.id
  username           = aws_iam_role.worker.arn
  auth_database_name = "$external"
  aws_iam_type       = "ROLE"

  roles {
    role_name     = "readWrite"
    database_name = local.database
  }

  roles {
    role_name     = "dbAdmin"
    database_name = local.database
  }

  scopes {
    name = mongodbatlas_advanced_cluster.this.name
    type = "CLUSTER"
  }
}

resource "mongodbatlas_project_ip_access_list" "workers" {
  project_id = mongodbatlas_project.this.id
  cidr_block = "${aws_eip.out.public_ip}/32"
  comment    = "The workers' one address"
}

locals {
  database = "albumart"
  mongodb_uri = join("", [
    one(mongodbatlas_advanced_cluster.this.connection_strings[*].standard_srv),
    "/?authSource=%24external&authMechanism=MONGODB-AWS",
  ])
}
