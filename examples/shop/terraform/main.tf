# The example shop with all that belongs to it on AWS, as ../template.yaml has it: a VPC, a load balancer, four services
# that call each other by name over HTTP, gRPC and TCP, roles, a secret, a log group, and scaling.
#
#   export AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
#   terraform init && terraform apply
terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

# The endpoint and the keys are in the environment, so the same files describe the shop on AWS.
provider "aws" {
  region = var.region
}

variable "region" {
  type    = string
  default = "us-east-1"
}

variable "name" {
  type        = string
  default     = "shop"
  description = "The first part of every name"
}

variable "image" {
  type        = string
  default     = "moyai.local/shop:1"
  description = "The image of all four services"
}

variable "shop_version" {
  type        = string
  default     = "1"
  description = "What the catalog says of itself; another version is a rolling deployment"
}

variable "customers" {
  type        = number
  default     = 2
  description = "Tasks of the front at the least"

  validation {
    condition     = var.customers >= 1 && var.customers <= 8
    error_message = "The front has 1 to 8 tasks."
  }
}

output "url" {
  value = "http://${aws_lb.shop.dns_name}/items/1"
}

output "cluster" {
  value = aws_ecs_cluster.shop.name
}

output "log_group" {
  value = aws_cloudwatch_log_group.shop.name
}
