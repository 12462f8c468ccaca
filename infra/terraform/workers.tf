# The same image and command as in compose.yaml: a Prefect worker that runs flows as processes.

resource "aws_ecs_cluster" "this" {
  name = var.name

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = aws_ecs_cluster.this.name
  capacity_providers = ["FARGATE", aws_ecs_capacity_provider.gpu.name]
}

resource "aws_cloudwatch_log_group" "workers" {
  name              = "/${var.name}/workers"
  retention_in_days = var.log_days
}

locals {
  environment = {
    ALBUMART_CONTACT                  = var.contact
    ALBUMART_PERMISSIONS              = var.permissions
    ALBUMART_MONGODB_URI              = local.mongodb_uri # names a role and no password
    ALBUMART_MONGODB_DATABASE         = local.database
    ALBUMART_S3_ENDPOINT              = "aws"
    ALBUMART_S3_BUCKET                = aws_s3_bucket.store.bucket
    ALBUMART_S3_REGION                = var.region
    PREFECT_API_URL                   = var.prefect_api_url
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY = "30"
    PREFECT_LOGGING_EXTRA_LOGGERS     = "albumart"
    PREFECT_LOGGING_ROOT_LEVEL        = "INFO"
    PREFECT_WORKER_WEBSERVER_PORT     = "8080"
  }

  container = {
    essential       = true
    user            = "10001:10001"
    environment     = [for name, value in local.environment : { name = name, value = value }]
    secrets         = [{ name = var.prefect_auth_variable, valueFrom = aws_secretsmanager_secret.prefect.arn }]
    stopTimeout     = 60
    linuxParameters = { initProcessEnabled = true, capabilities = { drop = ["ALL"] } }
    # Caches and /tmp lie in the task's own disk: a mounted volume would belong to root.
    readonlyRootFilesystem = false
    healthCheck = {
      command = [
        "CMD", "python", "-c",
        "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/health', timeout=5)",
      ]
      interval    = 30
      timeout     = 10
      retries     = 3
      startPeriod = 60
    }
  }

  worker = ["prefect", "worker", "start", "--type", "process", "--with-healthcheck", "--install-policy", "never"]
}

resource "aws_ecs_task_definition" "cpu" {
  family                   = "${var.name}-cpu"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 2048
  memory                   = 8192
  execution_role_arn       = aws_iam_role.start.arn
  task_role_arn            = aws_iam_role.worker.arn

  ephemeral_storage {
    size_in_gib = 100
  }

  container_definitions = jsonencode([merge(local.container, {
    name    = "worker"
    image   = "${aws_ecr_repository.images.repository_url}:${var.image_tag}-cpu"
    command = concat(local.worker, ["--pool", "albumart-cpu"])
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        "awslogs-group"         = aws_cloudwatch_log_group.workers.name
        "awslogs-region"        = var.region
        "awslogs-stream-prefix" = "cpu"
      }
    }
  })])
}

resource "aws_ecs_service" "cpu" {
  name            = "cpu"
  cluster         = aws_ecs_cluster.this.id
  task_definition = aws_ecs_task_definition.cpu.arn

  # Exactly one, and the old one goes before the new one comes: the pace that a source is asked at is
  # shared by the processes of one machine, and a second machine would double it.
  desired_count                      = 1
  deployment_minimum_healthy_percent = 0
  deployment_maximum_percent         = 100

  capacity_provider_strategy {
    capacity_provider = "FARGATE"
    weight            = 1
  }

  network_configuration {
    subnets          = aws_subnet.private[*].id
    security_groups  = [aws_security_group.workers.id]
    assign_public_ip = false
  }

  depends_on = [aws_ecs_cluster_capacity_providers.this, aws_iam_role_policy.start]
}
