output "repository" {
  description = "Where the images are pushed."
  value       = aws_ecr_repository.images.repository_url
}

output "bucket" {
  value = aws_s3_bucket.store.bucket
}

output "cluster" {
  value = aws_ecs_cluster.this.name
}

output "subnets" {
  value = aws_subnet.private[*].id
}

output "security_group" {
  value = aws_security_group.workers.id
}

output "prefect_secret" {
  description = "Where you put the Prefect API's key."
  value       = aws_secretsmanager_secret.prefect.id
}

output "address" {
  description = "The one address that sources and Atlas see."
  value       = aws_eip.out.public_ip
}
