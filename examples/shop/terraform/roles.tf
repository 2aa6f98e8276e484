data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_iam_policy_document" "tasks" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "secret" {
  statement {
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [aws_secretsmanager_secret.supplier_key.arn]
  }
}

data "aws_iam_policy_document" "exec" {
  statement {
    actions = [
      "ssmmessages:CreateControlChannel",
      "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel",
      "ssmmessages:OpenDataChannel",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_role" "execution" {
  name               = "${var.name}-execution"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

resource "aws_iam_role_policy_attachment" "execution" {
  role       = aws_iam_role.execution.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

resource "aws_iam_role_policy" "secret" {
  name   = "secret"
  role   = aws_iam_role.execution.name
  policy = data.aws_iam_policy_document.secret.json
}

resource "aws_iam_role" "tasks" {
  name               = "${var.name}-tasks"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

resource "aws_iam_role_policy" "exec" {
  name   = "exec"
  role   = aws_iam_role.tasks.name
  policy = data.aws_iam_policy_document.exec.json
}

data "aws_secretsmanager_random_password" "supplier_key" {
  password_length     = 32
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret" "supplier_key" {
  name                    = "${var.name}-supplier-key"
  description             = "The key with which the stock asks the supplier"
  recovery_window_in_days = 0
}

resource "aws_secretsmanager_secret_version" "supplier_key" {
  secret_id     = aws_secretsmanager_secret.supplier_key.id
  secret_string = data.aws_secretsmanager_random_password.supplier_key.random_password

  lifecycle {
    ignore_changes = [secret_string] # each plan draws another password
  }
}
