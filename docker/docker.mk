# The job, its tests and a shell in AWS's image of Glue. Included by the Makefile. Another image: GLUE_IMAGE_TAG=5.

COMPOSE := docker compose --file docker/compose.yaml
GLUE := $(COMPOSE) run --rm --build
DOCKER_TESTS ?= tests/unit/job tests/integration/job tests/integration/test_both_ends.py

##@ In the Glue image (needs Docker)

.PHONY: docker-run
docker-run: .docker-says ## The job on the bundled sample, over S3, in the Glue image
	@$(GLUE) glue docker/run.sh

.PHONY: docker-test
docker-test: .docker-says ## The job's tests on the image's Spark: PYTEST_ARGS, DOCKER_TESTS
	@$(GLUE) --no-deps glue docker/test.sh $(DOCKER_TESTS) $(PYTEST_ARGS)

.PHONY: docker-shell
docker-shell: .docker-says ## pyspark on what docker-run loaded
	@$(GLUE) glue docker/shell.sh

.PHONY: docker-stop
docker-stop: ## End the emulated AWS; what was loaded is gone with it
	@$(COMPOSE) --profile glue down --volumes

.PHONY: .docker-says
.docker-says:
	@docker compose version > /dev/null 2>&1 || { \
		echo "Docker with its compose plugin is needed for this, and is not here. make run needs none." >&2; exit 2; }
	@docker image inspect spotify-etl-glue:$(or $(GLUE_IMAGE_TAG),5.1.0) > /dev/null 2>&1 || \
		echo "Building the image: the first time this downloads about 5.4 GB from AWS and 0.1 GB from PyPI"
