# One GPU machine, there only while its worker is wanted: the service asks for a task, the capacity
# provider brings a machine, and takes it away when the task is gone.

data "aws_ssm_parameter" "gpu_image" {
  name = "/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id"
}

data "aws_iam_policy_document" "ec2" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "gpu_machine" {
  name               = "${var.name}-gpu-machine"
  assume_role_policy = data.aws_iam_policy_document.ec2.json
}

# What the ECS agent needs, as AWS keeps it.
resource "aws_iam_role_policy_attachment" "gpu_machine" {
  role       = aws_iam_role.gpu_machine.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"
}

resource "aws_iam_instance_profile" "gpu_machine" {
  name = "${var.name}-gpu-machine"
  role = aws_iam_role.gpu_machine.name
}

resource "aws_launch_template" "gpu" {
  name_prefix            = "${var.name}-gpu-"
  image_id               = data.aws_ssm_parameter.gpu_image.value
  instance_type          = var.gpu_instance
  update_default_version = true
  vpc_security_group_ids = [aws_security_group.workers.id]

  user_data = base64encode(<<-EOT
    #!/bin/bash
    echo ECS_CLUSTER=${aws_ecs_cluster.this.name} >> /etc/ecs/ecs.config
    echo ECS_AWSVPC_BLOCK_IMDS=true >> /etc/ecs/ecs.config
  EOT
  )

  iam_instance_profile {
    arn = aws_iam_instance_profile.gpu_machine.arn
  }

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_size           = 150
      volume_type           = "gp3"
      encrypted             = true
      delete_on_termination = true
    }
  }
}

resource "aws_autoscaling_group" "gpu" {
  name_prefix           = "${var.name}-gpu-"
  min_size              = 0
  max_size              = 1
  vpc_zone_identifier   = aws_subnet.private[*].id
  protect_from_scale_in = true

  launch_template {
    id      = aws_launch_template.gpu.id
    version = aws_launch_template.gpu.latest_version
  }

  tag {
    key                 = "AmazonECSManaged"
    value               = "true"
    propagate_at_launch = true
  }

  lifecycle {
    ignore_changes = [desired_capacity]
  }
}

resource "aws_ecs_capacity_provider" "gpu" {
  name = "${var.name}-gpu"

  auto_scaling_group_provider {
    auto_scaling_group_arn         = aws_autoscaling_group.gpu.arn
    managed_termination_protection = "ENABLED"

    managed_scaling {
      status          = "ENABLED"
      target_capacity = 100
    }
  }
}

resource "aws_ecs_task_definition" "gpu" {
  family                   = "${var.name}-gpu"
  requires_compatibilities = ["EC2"]
  network_mode             = "awsvpc"
  cpu                      = 3584
  memory                   = 14336
  execution_role_arn       = aws_iam_role.start.arn
  task_role_arn            = aws_iam_role.worker.arn

  container_definitions = jsonencode([merge(local.container, {
    name                 = "worker"
    image                = "${aws_ecr_repository.images.repository_url}:${var.image_tag}-gpu"
    command              = concat(local.worker, ["--pool", "albumart-gpu", "--limit", "1"])
    resourceRequirements = [{ type = "GPU", value = "1" }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        "awslogs-group"         = aws_cloudwatch_log_group.workers.name
        "awslogs-region"        = var.region
        "awslogs-stream-prefix" = "gpu"
      }
    }
  })])
}

resource "aws_ecs_service" "gpu" {
  name            = "gpu"
  cluster         = aws_ecs_cluster.this.id
  task_definition = aws_ecs_task_definition.gpu.arn
  desired_count   = 0

  # One run a device: the old worker goes before the new one comes.
  deployment_minimum_healthy_percent = 0
  deployment_maximum_percent         = 100

  capacity_provider_strategy {
    capacity_provider = aws_ecs_capacity_provider.gpu.name
    weight            = 1
  }

  network_configuration {
    subnets         = aws_subnet.private[*].id
    security_groups = [aws_security_group.workers.id]
  }

  lifecycle {
    ignore_changes = [desired_count] # the schedule's
  }

  depends_on = [aws_ecs_cluster_capacity_providers.this, aws_iam_role_policy.start]
}

resource "aws_appautoscaling_target" "gpu" {
  service_namespace  = "ecs"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.gpu.name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = 0
  max_capacity       = 1

  lifecycle {
    ignore_changes = [min_capacity, max_capacity] # the schedule's
  }
}

resource "aws_appautoscaling_scheduled_action" "gpu" {
  for_each = {
    up   = { when = var.gpu_up, count = 1 }
    down = { when = var.gpu_down, count = 0 }
  }

  name               = "${var.name}-gpu-${each.key}"
  service_namespace  = aws_appautoscaling_target.gpu.service_namespace
  resource_id        = aws_appautoscaling_target.gpu.resource_id
  scalable_dimension = aws_appautoscaling_target.gpu.scalable_dimension
  schedule           = each.value.when

  scalable_target_action {
    min_capacity = each.value.count
    max_capacity = each.value.count
  }
}
