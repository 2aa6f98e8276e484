resource "aws_cloudwatch_log_group" "shop" {
  name              = var.name
  retention_in_days = 7
}

resource "aws_service_discovery_http_namespace" "shop" {
  name = var.name
}

resource "aws_ecs_cluster" "shop" {
  name = var.name

  setting {
    name  = "containerInsights"
    value = "enabled"
  }

  service_connect_defaults {
    namespace = aws_service_discovery_http_namespace.shop.arn
  }
}

locals {
  # What the four services have in common.
  common = {
    prefix             = var.name
    image              = var.image
    region             = var.region
    cluster            = aws_ecs_cluster.shop.id
    namespace          = aws_service_discovery_http_namespace.shop.arn
    log_group          = aws_cloudwatch_log_group.shop.name
    execution_role_arn = aws_iam_role.execution.arn
    task_role_arn      = aws_iam_role.tasks.arn
    subnets            = aws_subnet.shop[*].id
    security_groups    = [aws_security_group.tasks.id]
  }
}

module "pricing" {
  source     = "./service"
  common     = local.common
  name       = "pricing"
  port       = { name = "quotes", number = 50051, app_protocol = "grpc" }
  alias      = { port = 50051, dns_name = "pricing" }
  depends_on = [aws_vpc_security_group_ingress_rule.tasks, aws_vpc_security_group_egress_rule.all]
}

module "stock" {
  source  = "./service"
  common  = local.common
  name    = "stock"
  port    = { name = "lines", number = 7000 }
  alias   = { port = 7000, dns_name = "stock" }
  secrets = { SUPPLIER_KEY = aws_secretsmanager_secret.supplier_key.arn }
  depends_on = [
    aws_vpc_security_group_ingress_rule.tasks,
    aws_vpc_security_group_egress_rule.all,
    aws_secretsmanager_secret_version.supplier_key,
    aws_iam_role_policy.secret,
  ]
}

module "catalog" {
  source      = "./service"
  common      = local.common
  name        = "catalog"
  port        = { name = "http", number = 8080, app_protocol = "http" }
  alias       = { port = 80, dns_name = "catalog" }
  environment = { PRICING = "pricing:50051", STOCK = "stock:7000", VERSION = var.shop_version }
  depends_on  = [module.pricing, module.stock] # a deployment sees the names that are there when it begins
}

module "front" {
  source        = "./service"
  common        = local.common
  name          = "front"
  port          = { name = "web", number = 8080, app_protocol = "http" }
  environment   = { CATALOG = "catalog:80", VERSION = var.shop_version }
  desired_count = var.customers
  target_group  = aws_lb_target_group.front.arn
  depends_on    = [module.catalog, aws_lb_listener.http]
}

resource "aws_appautoscaling_target" "front" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.shop.name}/${module.front.name}"
  min_capacity       = var.customers
  max_capacity       = 8
  role_arn           = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService"
}

resource "aws_appautoscaling_policy" "by_load" {
  name               = "by-load"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.front.service_namespace
  scalable_dimension = aws_appautoscaling_target.front.scalable_dimension
  resource_id        = aws_appautoscaling_target.front.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = 60
    scale_in_cooldown  = 60
    scale_out_cooldown = 60

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}
