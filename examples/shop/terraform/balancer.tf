resource "aws_lb" "shop" {
  name            = var.name
  subnets         = aws_subnet.shop[*].id
  security_groups = [aws_security_group.load_balancer.id]
  depends_on      = [aws_route.internet]
}

resource "aws_lb_target_group" "front" {
  name                 = "${var.name}-front"
  vpc_id               = aws_vpc.shop.id
  port                 = 8080
  protocol             = "HTTP"
  target_type          = "ip"
  deregistration_delay = 10

  health_check {
    path              = "/health"
    interval          = 5
    timeout           = 2
    healthy_threshold = 2
  }
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.shop.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.front.arn
  }
}
