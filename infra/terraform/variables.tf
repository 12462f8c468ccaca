variable "name" {
  description = "Prefix of everything that is made."
  type        = string
  default     = "albumart"
}

variable "region" {
  description = "AWS region; Atlas is put into the same one."
  type        = string
  default     = "us-east-1"
}

variable "atlas_organization" {
  description = "ID of the Atlas organization that the project is made in."
  type        = string
}

variable "atlas_size" {
  description = "Size of the Atlas nodes. M10 is the smallest with backups to a point in time."
  type        = string
  default     = "M10"
}

variable "prefect_api_url" {
  description = "API of your Prefect server or of Prefect Cloud."
  type        = string
}

variable "prefect_auth_variable" {
  description = "How it is told who we are."
  type        = string
  default     = "PREFECT_API_KEY"

  validation {
    condition     = contains(["PREFECT_API_KEY", "PREFECT_API_AUTH_STRING"], var.prefect_auth_variable)
    error_message = "Expected PREFECT_API_KEY (Cloud) or PREFECT_API_AUTH_STRING (your own server)."
  }
}

variable "image_tag" {
  description = "Tag of the images in the repository: <tag>-cpu and <tag>-gpu."
  type        = string
}

variable "contact" {
  description = "Your e-mail or page, sent to every source."
  type        = string
}

variable "permissions" {
  description = "Sources that you state you have permission to scrape, such as allmusic."
  type        = string
  default     = ""
}

variable "gpu_instance" {
  description = "Instance type of the GPU pool, with one GPU."
  type        = string
  default     = "g4dn.xlarge"
}

variable "gpu_up" {
  description = "When the GPU worker starts (AWS cron, UTC)."
  type        = string
  default     = "cron(0 2 1 * ? *)"
}

variable "gpu_down" {
  description = "When it goes, whatever it is doing: longer after gpu_up than the longest training."
  type        = string
  default     = "cron(0 14 1 * ? *)"
}

variable "budget" {
  description = "US dollars a month; mail comes at 80 % spent and when 100 % is forecast."
  type        = number
  default     = 250
}

variable "budget_mail" {
  description = "Who gets that mail."
  type        = string
}

variable "log_days" {
  description = "How long logs are kept."
  type        = number
  default     = 30
}
