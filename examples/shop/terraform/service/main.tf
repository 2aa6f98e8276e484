# One service of the shop: its task definition, and the ECS service with its name in Service Connect.
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "common" {
  type = object({
    prefix             = string
    image              = string
    region             = string
    cluster            = string
    namespace          = string
    log_group          = string
    execution_role_arn = string
    task_role_arn      = string
    subnets            = list(string)
    security_groups    = list(string)
  })
}

variable "name" {
  type = string
}

variable "port" {
  type = object({ name = string, number = number, app_protocol = optional(string) })
}

variable "alias" {
  type        = object({ port = number, dns_name = string })
  default     = null
  description = "The port and name at which the other services call this one"
}

variable "environment" {
  type    = map(string)
  default = {}
}

variable "secrets" {
  type    = map(string)
  default = {}
}

variable "desired_count" {
  type    = number
  default = 2
}

variable "target_group" {
  type        = string
  default     = null
  description = "The target group of the load balancer that calls this service"
}

output "name" {
  value = aws_ecs_service.this.name
}

locals {
  container = {
    name        = var.name
    image       = var.common.image
    essential   = true
    command     = ["python3", "/srv/shop/${var.name}.py"]
    environment = [for name, value in var.environment : { name = name, value = value }]
    secrets     = length(var.secrets) > 0 ? [for name, arn in var.secrets : { name = name, valueFrom = arn }] : null
    mountPoints = []
    volumesFrom = []
    portMappings = [{
      for key, value in {
        name          = var.port.name
        containerPort = var.port.number
        hostPort      = var.port.number
        protocol      = "tcp"
        appProtocol   = var.port.app_protocol
      } : key => value if value != null
    }]
    healthCheck = {
      command     = ["CMD", "python3", "-S", "/srv/shop/check.py", tostring(var.port.number)]
      interval    = 5
      timeout     = 5
      retries     = 3
      startPeriod = 10
    }
    stopTimeout = 10
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = var.common.log_group
        awslogs-region        = var.common.region
        awslogs-stream-prefix = "shop"
      }
    }
  }
}

resource "aws_ecs_task_definition" "this" {
  family                   = "${var.common.prefix}-${var.name}"
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = var.common.execution_role_arn
  task_role_arn            = var.common.task_role_arn
  container_definitions    = jsonencode([{ for key, value in local.container : key => value if value != null }])
}

resource "aws_ecs_service" "this" {
  name                               = var.name
  cluster                            = var.common.cluster
  task_definition                    = aws_ecs_task_definition.this.arn
  desired_count                      = var.desired_count
  launch_type                        = "FARGATE"
  enable_execute_command             = true
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  health_check_grace_period_seconds  = var.target_group == null ? null : 30
  wait_for_steady_state              = true

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.common.subnets
    security_groups  = var.common.security_groups
    assign_public_ip = true
  }

  dynamic "load_balancer" {
    for_each = var.target_group == null ? [] : [var.target_group]

    content {
      container_name   = var.name
      container_port   = var.port.number
      target_group_arn = load_balancer.value
    }
  }

  service_connect_configuration {
    enabled   = true
    namespace = var.common.namespace

    dynamic "service" {
      for_each = var.alias == null ? [] : [var.alias]

      content {
        port_name = var.port.name

        client_alias {
          port     = service.value.port
          dns_name = service.value.dns_name
        }
      }
    }
  }

  lifecycle {
    ignore_changes = [desired_count] # scaling changes it
  }
}
